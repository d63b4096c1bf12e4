package api

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"fieldsync/server/auth"
)

// nobody knows no token.
type nobody struct{}

func (nobody) Bearer(context.Context, string) (*auth.Program, *auth.Person, error) {
	return nil, nil, nil
}

// What another system calls a row is often a telephone number, and stands in the address: a refusal is logged without it.
func TestARefusalIsLoggedWithoutWhatItsAddressNames(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	a := New(Options{Tokens: nobody{}, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	r := httptest.NewRequest(http.MethodGet, Prefix+"/customers/by-key/crm/+8613900001111?q=Chen", nil)
	r.Header.Set("Authorization", "Bearer fsk_stolen")
	answer := httptest.NewRecorder()
	a.ServeHTTP(answer, r)
	if answer.Code != http.StatusUnauthorized || !strings.Contains(log.String(), "/customers/by-key/{system}/{key}") {
		t.Errorf("answered %d, logged %s", answer.Code, log.String())
	}
	for _, secret := range []string{"13900001111", "Chen", "fsk_"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log tells %s: %s", secret, log.String())
		}
	}
}
