package systemtest

import (
	"net/http"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/wire"
)

// The socket is for devices, which are no browsers: a page of whatever site opens it to nobody, one of the hub's own neither.
func TestNoPageOpensTheSocket(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	for origin, want := range map[string]int{"": http.StatusSwitchingProtocols, "https://evil.example": http.StatusForbidden, "null": http.StatusForbidden, b.url: http.StatusForbidden} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/sync", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": wire.Subprotocol,
		} {
			r.Header.Set(name, value)
		}
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _ = answer.Body.Close(); answer.StatusCode != want {
			t.Errorf("from %q: %d, want %d", origin, answer.StatusCode, want)
		}
	}
}

// Who manages people touches nobody on their page who may do what he may not.
func TestWhoManagesPeopleManagesNobodyAboveHim(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	boss := b.hire("boss", "Anna Berg", auth.Administrator)
	people := b.srv.People()
	anna, err := people.Person(t.Context(), boss)
	if err == nil {
		err = people.AddRole(t.Context(), anna, "personnel", "")
	}
	if err == nil {
		err = people.ChangeRole(t.Context(), anna, "personnel", []string{"see_people", "manage_people"}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	b.hire("hr", "Mei Lin", "personnel")
	v, at := b.browser("hr"), "/people/"+boss.String()
	for _, deed := range []string{"/password", "/second-step", "/sign-out", "/active", "/roles"} {
		v.post(at+deed, "role", "personnel").sees(http.StatusUnprocessableEntity, "This goes beyond what you may do yourself").lacks("Password for boss")
	}
}
