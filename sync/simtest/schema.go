package simtest

import (
	"fieldsync/sync/judge"
	"fieldsync/sync/schema"
)

// The kinds of bucket of Schema.
const (
	JobBucket schema.BucketKind = iota + 2
	AssetBucket
	CustomerBucket
	LocationBucket
)

// latest is the version of Schema.
const latest = 3

// Schema is a small field service that uses everything the engine offers: each kind and policy, rows in a bucket that
// is everybody's, a person's, their own, another row's, or two at once; parents; records and ledgers in each class;
// holds that people get directly, through a group, and by owning a van.
var Schema = schema.Must(schema.New("simtest", latest,
	&schema.Table{ID: 1, Name: "person", Class: schema.ClassWork, Buckets: everybody, Columns: []schema.Column{
		{ID: 1, Name: "name", Kind: schema.Text, Flags: schema.Required | schema.Personal},
	}},
	&schema.Table{ID: 2, Name: "crew", Class: schema.ClassWork, Buckets: everybody, Columns: []schema.Column{
		{ID: 1, Name: "name", Kind: schema.Text},
	}},
	&schema.Table{ID: 3, Name: "member", Class: schema.ClassWork, Buckets: everybody, Columns: []schema.Column{
		{ID: 1, Name: "crew", Kind: schema.Ref, Ref: "crew", Flags: schema.Required | schema.Immutable},
		{ID: 2, Name: "person", Kind: schema.Ref, Ref: "person", Flags: schema.Required | schema.Immutable},
	}},
	&schema.Table{ID: 4, Name: "customer", Class: schema.ClassWork, Buckets: own(CustomerBucket), Columns: []schema.Column{
		{ID: 1, Name: "name", Kind: schema.Text, Flags: schema.Searchable},
		{ID: 2, Name: "phone", Kind: schema.Text, Flags: schema.Personal | schema.Sealed},
	}, Rights: []schema.Right{{Name: "work", Columns: []string{"phone"}}}},
	&schema.Table{ID: 5, Name: "asset", Class: schema.ClassWork, Buckets: own(AssetBucket), Columns: []schema.Column{
		{ID: 1, Name: "serial", Kind: schema.Text, Flags: schema.Searchable | schema.Indexed},
		{ID: 2, Name: "customer", Kind: schema.Ref, Ref: "customer"},
		{ID: 3, Name: "hours", Kind: schema.Integer, Policy: schema.Max},
	}, Rights: []schema.Right{{Name: "work"}}},
	job,
	&schema.Table{ID: 7, Name: "assignment", Class: schema.ClassWork, Buckets: of(JobBucket, "job"), Parent: "job",
		Columns: []schema.Column{
			{ID: 1, Name: "job", Kind: schema.Ref, Ref: "job", Flags: schema.Required | schema.Immutable},
			{ID: 2, Name: "person", Kind: schema.Ref, Ref: "person"},
			{ID: 3, Name: "crew", Kind: schema.Ref, Ref: "crew"},
			{ID: 4, Name: "state", Kind: schema.Enum, Policy: schema.Ladder, Codes: []string{"offered", "accepted", "ended"}},
		},
		Grants: []schema.Grant{
			{To: "person", While: "state", In: []string{"offered", "accepted"}, Right: "work", Paths: aroundJob},
			{To: "crew", Group: &schema.Members{Table: "member", Group: "crew", Person: "person"},
				While: "state", In: []string{"offered", "accepted"}, Right: "help", Paths: aroundJob[:1]},
		},
		Rights: []schema.Right{{Name: "work", Columns: []string{"state"}}}},
	&schema.Table{ID: 8, Name: "task", Class: schema.ClassWork, Buckets: of(JobBucket, "job"), Parent: "job",
		Columns: []schema.Column{
			{ID: 1, Name: "job", Kind: schema.Ref, Ref: "job", Flags: schema.Required | schema.Immutable},
			{ID: 2, Name: "text", Kind: schema.Text},
			{ID: 3, Name: "done", Kind: schema.Enum, Policy: schema.Ladder, Codes: []string{"open", "done"}},
		},
		Rights: []schema.Right{{Name: "work", Insert: true}, {Name: "help", Columns: []string{"done"}}}},
	&schema.Table{ID: 9, Name: "location", Class: schema.ClassStock, Buckets: own(LocationBucket), Columns: []schema.Column{
		{ID: 1, Name: "name", Kind: schema.Text},
		{ID: 2, Name: "keeper", Kind: schema.Ref, Ref: "person"},
	}, Grants: []schema.Grant{{To: "keeper", Right: "stock", Paths: []schema.Path{{Kind: LocationBucket}}}}},
	&schema.Table{ID: 10, Name: "movement", Mode: schema.Ledger, Class: schema.ClassStock,
		Buckets: []schema.Bucket{{Kind: LocationBucket, From: "from", Far: true}, {Kind: LocationBucket, From: "to", Far: true}, {Kind: JobBucket, From: "job"}},
		Columns: []schema.Column{
			{ID: 1, Name: "part", Kind: schema.Ref, Ref: "part", Flags: schema.Required},
			{ID: 2, Name: "amount", Kind: schema.Quantity, Scale: 2, Flags: schema.Required},
			{ID: 3, Name: "from", Kind: schema.Ref, Ref: "location", Flags: schema.Immutable},
			{ID: 4, Name: "to", Kind: schema.Ref, Ref: "location", Flags: schema.Immutable},
			{ID: 5, Name: "job", Kind: schema.Ref, Ref: "job", Flags: schema.Immutable},
			{ID: 6, Name: "cost", Kind: schema.Money},
		},
		Rights: []schema.Right{{Name: "work", Insert: true}, {Name: "stock", Insert: true}}},
	&schema.Table{ID: 11, Name: "comment", Since: latest, Mode: schema.Ledger, Class: schema.ClassWork, Buckets: of(JobBucket, "job"),
		Columns: []schema.Column{
			{ID: 1, Name: "job", Kind: schema.Ref, Ref: "job", Flags: schema.Required | schema.Immutable},
			{ID: 2, Name: "about", Kind: schema.AnyRef},
			{ID: 3, Name: "text", Kind: schema.Text, Flags: schema.Required, Max: 4096},
		},
		Rights: []schema.Right{{Name: "work", Insert: true}, {Name: "help", Insert: true}}},
	&schema.Table{ID: 12, Name: "part", Class: schema.ClassLibrary, Buckets: everybody, Columns: []schema.Column{
		{ID: 1, Name: "number", Kind: schema.Text, Flags: schema.Searchable},
		{ID: 2, Name: "name", Kind: schema.Translated},
		{ID: 3, Name: "price", Kind: schema.Money},
	}},
	&schema.Table{ID: 13, Name: "setting", Class: schema.ClassWork, Buckets: of(schema.PersonBucket, "person"),
		Columns: []schema.Column{
			{ID: 1, Name: "person", Kind: schema.Ref, Ref: "person", Flags: schema.Required | schema.Immutable},
			{ID: 2, Name: "language", Kind: schema.Text},
		}, Rights: []schema.Right{{Name: judge.RightSelf, Insert: true}}},
))

// job has a column for each kind and each policy.
var job = &schema.Table{ID: 6, Name: "job", Class: schema.ClassWork, Buckets: own(JobBucket), Create: true,
	Columns: []schema.Column{
		{ID: 1, Name: "title", Kind: schema.Text},
		{ID: 2, Name: "state", Kind: schema.Enum, Policy: schema.Ladder,
			Codes: []string{"new", "planned", "work", "cancelled", "done"}, Asks: [][2]string{{"cancelled", "done"}}},
		{ID: 3, Name: "starts", Kind: schema.Instant, Policy: schema.Group, Group: "plan"},
		{ID: 4, Name: "ends", Kind: schema.Instant, Policy: schema.Group, Group: "plan"},
		{ID: 5, Name: "price", Kind: schema.Money, Policy: schema.Owner, Owner: schema.Office},
		{ID: 6, Name: "finding", Kind: schema.Text, Policy: schema.Owner, Owner: schema.Device},
		{ID: 7, Name: "reading", Kind: schema.Integer, Policy: schema.Max},
		{ID: 8, Name: "lowest", Kind: schema.Decimal, Policy: schema.Min, Scale: 2},
		{ID: 9, Name: "answered", Kind: schema.Instant, Policy: schema.First},
		{ID: 10, Name: "tags", Kind: schema.Set},
		{ID: 11, Name: "remarks", Kind: schema.Translated},
		{ID: 12, Name: "fields", Kind: schema.Fields, Since: latest},
		{ID: 13, Name: "decision", Kind: schema.Text, Policy: schema.Ask, Since: latest},
		{ID: 14, Name: "due", Kind: schema.Date},
		{ID: 15, Name: "used", Kind: schema.Quantity, Scale: 3},
		{ID: 16, Name: "customer", Kind: schema.Ref, Ref: "customer"},
		{ID: 17, Name: "asset", Kind: schema.Ref, Ref: "asset"},
		{ID: 18, Name: "about", Kind: schema.AnyRef},
	},
	Rights: []schema.Right{
		{Name: "work", Columns: []string{"title", "state", "starts", "ends", "finding", "reading", "lowest", "answered", "tags",
			"remarks", "fields", "decision", "used", "about"}},
		{Name: "help", Columns: []string{"tags"}},
	}}

// aroundJob is what an assignment lets people hold: the job, its machine, and its customer.
var aroundJob = []schema.Path{
	{Kind: JobBucket, Via: []string{"job"}},
	{Kind: AssetBucket, Via: []string{"job", "asset"}},
	{Kind: CustomerBucket, Via: []string{"job", "customer"}},
}

var everybody = []schema.Bucket{{Kind: schema.SharedBucket}}

func own(k schema.BucketKind) []schema.Bucket { return of(k, "id") }

func of(k schema.BucketKind, column string) []schema.Bucket {
	return []schema.Bucket{{Kind: k, From: column}}
}
