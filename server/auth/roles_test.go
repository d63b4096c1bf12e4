package auth

import (
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

var shanghai, suzhou = record.ID{1}, record.ID{2}

func newStaff(t *testing.T) *People {
	t.Helper()
	s, err := newPeople(newMemory(), rand.Reader, func() time.Time { return time.UnixMilli(1_770_000_000_000) }, Cost{8, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hires adds somebody and returns him as a page sees him.
func (s *People) hires(t *testing.T, login string, roles []Role, posts ...Post) *Person {
	t.Helper()
	p, err := s.Add(t.Context(), Person{Login: login, Name: login, Roles: roles, Posts: posts}, "three quiet words")
	if err == nil {
		p, err = s.Person(t.Context(), p.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *People) again(t *testing.T, p *Person) *Person {
	t.Helper()
	now, err := s.Person(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// Whoever has every permission but one is refused that one, wherever it is asked.
func TestEachPermissionIsRefusedToWhoLacksIt(t *testing.T) {
	t.Parallel()
	s := newStaff(t)
	boss := s.hires(t, "boss", []Role{Administrator})
	for _, p := range Permissions[1:] {
		role := Role("all but " + string(p))
		if err := s.AddRole(t.Context(), boss, string(role), Administrator); err != nil {
			t.Fatal(err)
		}
		if err := s.ChangeRole(t.Context(), boss, role, nil, []string{string(p)}); err != nil {
			t.Fatal(err)
		}
		who := s.hires(t, string(p), []Role{role}, Post{Technician, shanghai})
		for _, other := range Permissions {
			for _, branch := range []record.ID{{}, shanghai} {
				if may := who.May(other) && who.May(other, branch); may == (other == p) {
					t.Errorf("%s: %s is %t", role, other, may)
				}
			}
		}
	}
}

// A role in one branch is worth nothing in another; what is the whole company's is for those who may in all of it.
func TestARoleInOneBranch(t *testing.T) {
	t.Parallel()
	s := newStaff(t)
	li := s.hires(t, "li", []Role{Auditor}, Post{Manager, shanghai}, Post{Dispatcher, suzhou})
	for _, c := range []struct {
		need   Permission
		branch record.ID
		want   bool
	}{
		{SeeJobs, suzhou, true}, {SeeJobs, record.ID{9}, true}, // an auditor in all of them
		{Release, shanghai, true}, {Release, suzhou, false}, {Release, record.ID{}, true},
		{Dispatch, shanghai, true}, {Dispatch, suzhou, true}, {Dispatch, record.ID{9}, false},
		{EditProducts, shanghai, false}, {EditProducts, record.ID{}, false}, {SeeAudit, record.ID{}, true},
		{ManagePeople, shanghai, false},
	} {
		if got := li.May(c.need, c.branch); got != c.want {
			t.Errorf("%s in %v: %t", c.need, c.branch, got)
		}
	}
	if in := li.In(Dispatch); in.All || !slices.Equal(in.IDs, []record.ID{shanghai, suzhou}) {
		t.Errorf("he dispatches in %v", in)
	}
	both := s.hires(t, "both", []Role{Technician}, Post{Manager, shanghai})
	if in := both.In(SignedIn); in.All || !slices.Equal(in.IDs, []record.ID{shanghai}) {
		t.Errorf("whoever is a technician everywhere looks around in %v", in)
	}
	if program := li.Limited([]Permission{SeeJobs, ManagePeople}); !program.May(SeeJobs, suzhou) || program.May(Dispatch) || program.May(ManagePeople) {
		t.Error("a program may more, or less, than was said")
	}
}

// Nobody gives, or takes away, what he may not do himself.
func TestNobodyGivesMoreThanHeHas(t *testing.T) {
	t.Parallel()
	s := newStaff(t)
	ctx := t.Context()
	boss := s.hires(t, "boss", []Role{Administrator})
	for _, err := range []error{
		s.AddRole(ctx, boss, "personnel", ""),
		s.ChangeRole(ctx, boss, "personnel", []string{"see_people", "manage_people", "manage_roles", "see_jobs"}, nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	hr, li := s.hires(t, "hr", []Role{"personnel"}), s.hires(t, "li", []Role{Technician})
	wantCode(t, s.MayManage(ctx, hr, li, []Role{Administrator}, nil), BeyondOwn)
	wantCode(t, s.MayManage(ctx, hr, li, nil, []Post{{Dispatcher, shanghai}}), BeyondOwn)
	wantCode(t, s.MayManage(ctx, hr, boss, nil, nil), BeyondOwn) // nor his password
	wantCode(t, s.MayManage(ctx, hr, li, []Role{"personnel"}, nil), "")
	wantCode(t, s.AddRole(ctx, hr, "king", Administrator), BeyondOwn)
	wantCode(t, s.ChangeRole(ctx, hr, "personnel", []string{"release"}, nil), BeyondOwn)
	wantCode(t, s.ChangeRole(ctx, hr, "manager", nil, []string{"release"}), BeyondOwn)
	wantCode(t, s.DropRole(ctx, hr, Dispatcher), BeyondOwn)
	if s.again(t, hr).May(Release) {
		t.Error("refused, and done all the same")
	}
}

// A role holds as it is now; one that comes with the program can be made what it was, one in use stays.
func TestRolesAreTheCompanysOwn(t *testing.T) {
	t.Parallel()
	s := newStaff(t)
	ctx := t.Context()
	boss, li := s.hires(t, "boss", []Role{Administrator}), s.hires(t, "li", []Role{Dispatcher})
	wantCode(t, s.ChangeRole(ctx, boss, Dispatcher, []string{"release"}, []string{"export"}), "")
	if li = s.again(t, li); !li.May(Release) || li.May(ExportData) || !li.May(SeeJobs) {
		t.Error("the role does not hold as it was changed")
	}
	wantCode(t, s.DropRole(ctx, boss, Dispatcher), "")
	if li = s.again(t, li); li.May(Release) || !li.May(ExportData) {
		t.Error("the role is not what it was")
	}
	wantCode(t, s.ChangeRole(ctx, boss, Administrator, nil, []string{"manage_people"}), fault.Invalid)
	wantCode(t, s.ChangeRole(ctx, boss, "king", []string{"see_jobs"}, nil), UnknownRole)
	wantCode(t, s.ChangeRole(ctx, boss, Dispatcher, []string{"fly"}, nil), fault.Invalid)
	for _, name := range []string{"", " ", "a@b", "dispatcher", "Dispatcher"} {
		if err := s.AddRole(ctx, boss, name, ""); err == nil {
			t.Errorf("there is a role %q now", name)
		}
	}
	wantCode(t, s.AddRole(ctx, boss, "夜班调度", Dispatcher), "")
	wantCode(t, s.AddRole(ctx, boss, "夜班调度", ""), RoleTaken)
	night := s.hires(t, "night", nil, Post{"夜班调度", suzhou})
	wantCode(t, s.DropRole(ctx, boss, "夜班调度"), RoleInUse)
	if !night.May(Dispatch, suzhou) || night.May(Dispatch, shanghai) {
		t.Error("his role is not what it was made like")
	}
	if roles, err := s.ParseRoles(ctx, []string{"夜班调度", "auditor"}); err != nil || !slices.Equal(roles, []Role{Auditor, "夜班调度"}) {
		t.Errorf("%v, %v", roles, err)
	}
	_, err := s.ParseRoles(ctx, []string{"king"})
	wantCode(t, err, UnknownRole)
}
