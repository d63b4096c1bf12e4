package aftersales

import (
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/record"
)

// stopAll makes the input a version of the intake policy that stops blacklisted customers.
func stopAll(in PolicyInput) PolicyInput {
	in.Kind, in.Body = PolicyIntake, IntakePolicy{BlacklistStop, "CN"}
	return in
}

// inForce returns what the intake policy says about the blacklist.
func (w *world) inForce(branch record.ID, at int64) (string, record.ID) {
	w.t.Helper()
	p, id, err := InForce[IntakePolicy](w, PolicyIntake, branch, at)
	w.ok(err)
	return p.Blacklist, id
}

func TestAPolicyHoldsFromItsDayOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const tomorrow = morning + dayMillis
	second := w.id(PublishPolicy(w, stopAll(PolicyInput{ValidFrom: tomorrow})))
	if says, id := w.inForce(w.branch, tomorrow-1); says != BlacklistWarn || id == second || id.IsZero() {
		t.Errorf("the day before: %s by %v", says, id)
	}
	if says, id := w.inForce(w.branch, tomorrow); says != BlacklistStop || id != second {
		t.Errorf("on the day: %s by %v", says, id)
	}
	if says, _ := w.inForce(w.branch, 1); says != BlacklistWarn {
		t.Error("what is shipped does not hold since ever")
	}
}

func TestABranchsPolicyHidesTheCompanysUntilItEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.id(PublishPolicy(w, stopAll(PolicyInput{Branch: w.branch})))
	if says, _ := w.inForce(w.branch, w.now); says != BlacklistStop {
		t.Error("the branch's own does not hold")
	}
	if says, _ := w.inForce(record.ID{}, w.now); says != BlacklistWarn {
		t.Error("the branch's holds for the company")
	}
	w.pass(1)
	w.id(EndPolicy(w, PolicyIntake, w.branch, 0))
	if says, _ := w.inForce(w.branch, w.now); says != BlacklistWarn {
		t.Error("ended, it still holds")
	}
	if says, _ := w.inForce(w.branch, w.now-1); says != BlacklistStop {
		t.Error("ended, it no longer held before")
	}
}

func TestAVersionThatHasNotBegunIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	typo := w.id(PublishPolicy(w, stopAll(PolicyInput{ValidFrom: morning + 10})))
	right := w.id(PublishPolicy(w, stopAll(PolicyInput{ValidFrom: morning + 20, Replaces: typo})))
	if _, id := w.inForce(w.branch, morning+10); id == typo {
		t.Error("the replaced version holds")
	}
	if _, id := w.inForce(w.branch, morning+20); id != right {
		t.Error("the replacing version does not hold")
	}
}

// A promotion ends on its day, and what held before holds again.
func TestAVersionWithAnEndGivesWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.id(PublishPolicy(w, stopAll(PolicyInput{ValidFrom: morning, ValidUntil: morning + 5})))
	for at, want := range map[int64]string{morning - 1: "warn", morning: "stop", morning + 4: "stop", morning + 5: "warn"} {
		if says, _ := w.inForce(w.branch, at); says != want {
			t.Errorf("at %d: %s, want %s", at-morning, says, want)
		}
	}
}

func TestNoPolicyIsNoFailure(t *testing.T) {
	t.Parallel()
	w := &world{t: t, rows: map[record.Key]*record.Row{}, now: morning}
	if says, id := w.inForce(record.ID{}, morning); says != "" || !id.IsZero() {
		t.Errorf("%q by %v out of nothing", says, id)
	}
}

// Every ready-made policy can be published as it is, and is called something in every language.
func TestReadyMadePoliciesArePolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for kind := range policyKinds {
		if len(PolicyTemplates(kind)) == 0 {
			t.Errorf("no policy of the kind %s is shipped", kind)
		}
		if v, err := PolicyAt(w, kind, w.branch, 0); err != nil || v.ID.IsZero() {
			t.Errorf("a new company has no policy %s: %v", kind, err)
		}
	}
	for _, p := range PolicyTemplates("") {
		w.id(PublishPolicy(w, PolicyInput{Kind: p.Kind, Branch: w.branch, Body: p.Body}))
		for _, language := range []string{"en", "zh-Hans", "zh-Hant"} {
			if p.Text[language] == "" {
				t.Errorf("%s/%s has no name in %s", p.Kind, p.Name, language)
			}
		}
	}
}

// Whatever is published in whatever order, the version in force is the one that began last and has not ended; and no
// later publication changes what was in force before it was made.
func TestPublishingNeverChangesThePast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(r)
		branches := []record.ID{{}, w.branch}
		past := map[int64]record.ID{} // what was in force at each instant that is over
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			_, past[w.now] = w.inForce(w.branch, w.now)
			w.now += rapid.Int64Range(1, 20).Draw(r, "pass")
			in := stopAll(PolicyInput{
				Branch:    rapid.SampledFrom(branches).Draw(r, "branch"),
				ValidFrom: w.now + rapid.Int64Range(-30, 30).Draw(r, "from"),
			})
			if rapid.Bool().Draw(r, "ends") {
				in.ValidUntil = in.ValidFrom + rapid.Int64Range(1, 30).Draw(r, "until")
			}
			_, _ = PublishPolicy(w, in) // refused where it must be
			for at, want := range past {
				if _, id := w.inForce(w.branch, at); id != want {
					r.Fatalf("what held at %d changed", at-morning)
				}
			}
		}
		versions, err := PolicyVersions(w, PolicyIntake, w.branch)
		w.ok(err)
		at := w.now + rapid.Int64Range(-100, 100).Draw(r, "at")
		_, id := w.inForce(w.branch, at)
		for _, v := range versions {
			if v.ID == id {
				continue
			}
			if held, _ := PolicyAt(w, PolicyIntake, w.branch, at); v.covers(at) && v.ValidFrom > held.ValidFrom {
				r.Fatal("a later version holds, and is passed over")
			}
		}
	})
}
