package admin

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/record"
)

// Chronicle is what was done to the hub itself, and the chain that it stands in with every change. Nil for a hub without.
type Chronicle interface {
	// Deeds returns up to limit deeds before the number, the latest first; 0 begins with the latest.
	Deeds(ctx context.Context, f DeedFilter, before uint64, limit int) ([]DeedEntry, error)
	// Chain returns what following the chain found last.
	Chain(context.Context) (ChainState, error)
	// Follow begins to follow the chain anew; it goes on when the request is over.
	Follow()
}

// DeedFilter says which deeds; the zero filter all.
type DeedFilter struct {
	Actions []string
	Person  record.ID // who did it
}

// DeedEntry is one deed.
type DeedEntry struct {
	N      uint64 // counts from 1 without a gap
	At     time.Time
	Person record.ID // zero: the hub itself, or its command line
	Action string
	About  record.ID // a person; zero: the hub
	Values []DeedValue
}

// DeedValue is something that a deed says.
type DeedValue struct{ Column, Text string }

// ChainState is what following the chain found: every change and every deed names the one before it by its hash, so that
// nothing can be changed or taken out unseen.
type ChainState struct {
	At       time.Time `json:"at"`    // zero: it was never followed
	Upto     uint64    `json:"upto"`  // the commit it was followed to
	Deeds    uint64    `json:"deeds"` // on the way
	End      string    `json:"end"`   // the last link, hexadecimal
	Found    int       `json:"found"` // breaks
	Problems []string  `json:"problems"`
	Head     uint64    `json:"-"` // the latest commit
	Running  bool      `json:"-"`
}

// deedKinds gather deeds for the filter.
var deedKinds = []struct {
	name    string
	actions []string
}{
	{"people", []string{"person_add", "person_change"}},
	{"roles", []string{"roles_change", "second_step_roles"}},
	{"devices", []string{"device_invite", "device_enrol", "device_revoke", "device_shut_out", "device_wipe", "device_wiped", "device_readmit", "token_reuse"}},
	{"programs", []string{"programs_change"}},
	{"erasures", []string{"erase", "came_erased"}},
	{"backups", []string{"backup"}},
	{"restores", []string{"epoch"}},
}

// toldOf are the values of deeds that people read; the others are hashes, or lists that have pages of their own.
var toldOf = []string{"name", "roles", "active", "password", "second_step", "device", "path", "epoch", "reason"}

type deedsPage struct {
	frame
	Chain  ChainState
	Behind uint64 // commits since the chain was followed
	Kinds  []option
	Kind   string
	People []auth.Person
	Person string
	Deeds  []deedLine
	Older  string
	First  string
	Narrow bool
}

type deedLine struct {
	N                uint64
	At               int64
	By, What, About  string
	AboutURL, Device string
	Said             []fact
}

// ListDeeds shows what was done to the hub itself, and how far the chain is known to be whole.
func (o *Office) ListDeeds(v *Visit) error {
	page := deedsPage{frame: v.frame(v.t("Deeds and chain"), deedsURL), Kind: v.query("kind"), Person: v.query("person")}
	filter, before, err := v.deedFilter()
	if err != nil {
		return err
	}
	for _, k := range deedKinds {
		page.Kinds = append(page.Kinds, option{k.name, capital(v.lang.Name("deeds." + k.name))})
	}
	page.Narrow = page.Kind != "" || page.Person != ""
	if page.People, err = o.colleagues(v); err != nil {
		return err
	}
	if page.Chain, err = o.Chronicle.Chain(v.r.Context()); err != nil {
		return err
	}
	page.Behind = page.Chain.Head - min(page.Chain.Upto, page.Chain.Head)
	deeds, err := o.Chronicle.Deeds(v.r.Context(), filter, before, pageSize+1)
	if err != nil {
		return err
	}
	if len(deeds) > pageSize {
		deeds = deeds[:pageSize]
		page.Older = v.with("after", strconv.FormatUint(deeds[pageSize-1].N, 10))
	}
	if before != 0 {
		page.First = v.with("after", "")
	}
	if page.Deeds, err = o.deedLines(v, deeds); err != nil {
		return err
	}
	return v.show(http.StatusOK, "deeds", page)
}

func (v *Visit) deedFilter() (f DeedFilter, before uint64, err error) {
	for _, k := range deedKinds {
		if k.name == v.query("kind") {
			f.Actions = k.actions
		}
	}
	if given := v.query("person"); given != "" {
		if f.Person, err = record.ParseID(given); err != nil {
			return f, 0, errForm
		}
	}
	if given := v.query("after"); given != "" {
		if before, err = strconv.ParseUint(given, 10, 63); err != nil {
			return f, 0, errForm
		}
	}
	return f, before, nil
}

func (o *Office) deedLines(v *Visit, deeds []DeedEntry) (lines []deedLine, err error) {
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		for _, d := range deeds {
			line := deedLine{N: d.N, At: d.At.UnixMilli(), What: v.lang.Name("deed." + d.Action)}
			if line.By, err = r.PersonName(d.Person); err != nil {
				return err
			}
			if line.About, err = r.PersonName(d.About); err != nil {
				return err
			}
			line.Said = v.deedSays(d)
			lines = append(lines, line)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, d := range deeds { // devices are asked for outside the snapshot
		for _, value := range d.Values {
			if id, e := record.ParseID(value.Text); value.Column == "device" && e == nil {
				if lines[i].Device, err = o.deviceName(v, id); err != nil {
					return nil, err
				}
			}
		}
	}
	return lines, nil
}

func (v *Visit) deedSays(d DeedEntry) (said []fact) {
	if d.Action == "erase" || d.Action == "came_erased" {
		return []fact{{Label: v.lang.Name("deeds.changes"), Text: strconv.Itoa(len(d.Values))}}
	}
	for _, value := range d.Values {
		text := value.Text
		switch {
		case !slices.Contains(toldOf, value.Column) || value.Column == "device" || d.Action == "roles_change" || d.Action == "programs_change":
			continue
		case value.Column == "active":
			text = v.t(map[bool]string{true: "yes", false: "no"}[text == "true"])
		case value.Column == "roles":
			text = v.rolesOf(text)
		case value.Column == "password":
			text = v.t("replaced")
		case value.Column == "second_step":
			text = v.lang.Name("second_step." + text)
		}
		said = append(said, fact{Label: v.lang.Name("deeds.value." + value.Column), Text: text})
	}
	return said
}

// FollowChain begins to follow the chain.
func (o *Office) FollowChain(v *Visit) error {
	o.Chronicle.Follow()
	return v.done(deedsURL, v.t("The chain is being followed. What was found stands here when it is done."))
}
