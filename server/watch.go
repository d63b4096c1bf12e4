package server

import (
	"cmp"
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/sync/fault"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// health answers 200 when the store answers within two seconds, else 503.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.parts.Health(ctx); err != nil {
		s.parts.Log.Error("not healthy", "err", err)
		reply(w, http.StatusServiceUnavailable, map[string]string{"status": "the store does not answer"})
		return
	}
	reply(w, http.StatusOK, map[string]string{"status": "ok"})
}

// metrics answers Prometheus: the bearer of the token, or without one this machine only. Request counts tell who works
// when, which is nobody else's business.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	if !s.mayWatch(r) {
		s.refuse(w, r, fault.New(fault.Unauthentic, "Metrics are for the bearer of the token, or for this machine."))
		return
	}
	promhttp.HandlerFor(s.parts.Metrics, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}

func (s *Server) mayWatch(r *http.Request) bool {
	if token := s.options.MetricsToken; token != "" {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		return ok && subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	peer, err := netip.ParseAddr(host)
	return err == nil && peer.IsLoopback() && !slices.ContainsFunc(proxied, func(name string) bool { return r.Header.Get(name) != "" })
}

// proxied are the headers by which a proxy tells of whom it asks for: such a request comes from this machine, and is not its own.
var proxied = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via"}

// meters count requests by what answers them: by the route, not by the URL, of which there is no end.
type meters struct {
	requests *prometheus.HistogramVec
}

func newMeters(registry *prometheus.Registry) *meters {
	m := &meters{prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "fieldsync_http_request_seconds", Help: "Time to answer a request.",
		Buckets: []float64{.001, .005, .01, .025, .05, .1, .15, .25, .5, 1, 5},
	}, []string{"method", "route", "status"})}
	registry.MustRegister(m.requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// streams are the routes that last as long as their visitor stays: no time to answer.
var streams = map[string]bool{"/sync": true, "/live": true}

func (m *meters) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if streams[r.URL.Path] {
			next.ServeHTTP(w, r)
			return
		}
		begun, answer := time.Now(), middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			m.requests.WithLabelValues(method(r), routeOf(r), strconv.Itoa(answer.Status())).Observe(time.Since(begun).Seconds())
		}()
		next.ServeHTTP(answer, r)
	})
}

// routeOf returns the pattern of the route that the request took, without what its path names; "none" where there is none.
func routeOf(r *http.Request) string {
	return cmp.Or(chi.RouteContext(r.Context()).RoutePattern(), "none")
}

// method returns the request's method, "other" for one that nobody declared: a peer may send any word.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// recoverer keeps one faulty request from ending the hub.
func (s *Server) recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler {
				panic(cause)
			}
			s.parts.Log.Error("a request panicked", "route", routeOf(r), "cause", cause, "stack", string(debug.Stack()))
			http.Error(w, "Something is wrong with the server.", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}
