package main

import (
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The bench's own schema: one table of twelve columns, the ones of the rows that other products were measured with, and
// the little that it takes to own them.
//
// A job lies in the bucket of its technician. The device's person is a dispatcher, who covers every technician: a row
// of the table cover for each, and each opens a hold. So what the device may read, and every single edit that it
// pushes, is decided by holds that the hub looks up in its store, one for each technician, as in a real company.

// technicianBucket is the kind of bucket that gathers a technician's jobs.
const technicianBucket schema.BucketKind = 2

// rightWork is what a hold on a technician's bucket permits.
const rightWork = "work"

var benchSchema = schema.Must(schema.New("fieldbench", 1, technicianTable, coverTable, jobTable))

var technicianTable = &schema.Table{
	ID: 1, Name: "technician",
	Columns: []schema.Column{{ID: 1, Name: "name", Kind: schema.Text}},
	Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
}

var coverTable = &schema.Table{
	ID: 2, Name: "cover",
	Columns: []schema.Column{
		{ID: 1, Name: "person", Kind: schema.Ref, Ref: "technician", Flags: schema.Required | schema.Immutable},
		{ID: 2, Name: "technician", Kind: schema.Ref, Ref: "technician", Flags: schema.Required | schema.Immutable},
	},
	Buckets: []schema.Bucket{{Kind: schema.PersonBucket, From: "person"}},
	Grants: []schema.Grant{
		{To: "person", Right: rightWork, Paths: []schema.Path{{Kind: technicianBucket, Via: []string{"technician"}}}},
	},
}

var jobTable = &schema.Table{
	ID: 3, Name: "job",
	Columns: []schema.Column{
		{ID: 1, Name: "status", Kind: schema.Enum},
		{ID: 2, Name: "customer_name", Kind: schema.Text},
		{ID: 3, Name: "phone", Kind: schema.Text},
		{ID: 4, Name: "address", Kind: schema.Text},
		{ID: 5, Name: "fault", Kind: schema.Text},
		{ID: 6, Name: "priority", Kind: schema.Integer},
		{ID: 7, Name: "scheduled_at", Kind: schema.Instant},
		{ID: 8, Name: "updated_at", Kind: schema.Instant},
		{ID: 9, Name: "technician_id", Kind: schema.Ref, Ref: "technician", Flags: schema.Required | schema.Immutable},
		{ID: 10, Name: "asset_serial", Kind: schema.Text},
		{ID: 11, Name: "notes", Kind: schema.Text},
	},
	Buckets: []schema.Bucket{{Kind: technicianBucket, From: "technician_id"}},
	Rights:  []schema.Right{{Name: rightWork, Columns: []string{"status", "notes", "updated_at"}}},
}

// searchSchema is the bench's schema with every text of a job searchable, for measuring what the index of a search takes.
var searchSchema = schema.Must(schema.New("fieldbench", 1, copyOf(technicianTable), copyOf(coverTable), searchableJobs()))

func copyOf(t *schema.Table) *schema.Table {
	c := *t
	c.Columns = slices.Clone(t.Columns)
	return &c
}

func searchableJobs() *schema.Table {
	t := copyOf(jobTable)
	for i := range t.Columns {
		if t.Columns[i].Kind == schema.Text {
			t.Columns[i].Flags |= schema.Searchable
		}
	}
	return t
}

// crowdSchema is the bench's schema with each technician known to himself and to who covers him, instead of to everybody: of
// ten thousand people each would fetch all the others.
var crowdSchema = schema.Must(schema.New("fieldbench", 1, ownTechnicians(), copyOf(coverTable), copyOf(jobTable)))

func ownTechnicians() *schema.Table {
	t := copyOf(technicianTable)
	t.Buckets = []schema.Bucket{{Kind: technicianBucket, From: "id"}}
	return t
}

// catalogueSchema is the bench's schema with jobs that everybody holds, as he does a catalogue.
var catalogueSchema = schema.Must(schema.New("fieldbench", 1, copyOf(technicianTable), copyOf(coverTable), everybodysJobs()))

func everybodysJobs() *schema.Table {
	t := copyOf(jobTable)
	t.Class, t.Buckets, t.Rights = schema.ClassLibrary, []schema.Bucket{{Kind: schema.SharedBucket}}, nil
	return t
}

// values returns the job's cells as an insert takes them.
func (j *job) values() record.Values {
	return record.Values{
		"status": record.Text(j.Status), "customer_name": record.Text(j.CustomerName), "phone": record.Text(j.Phone),
		"address": record.Text(j.Address), "fault": record.Text(j.Fault), "priority": record.Number(j.Priority),
		"scheduled_at": record.Instant(j.ScheduledAt), "updated_at": record.Instant(j.UpdatedAt),
		"technician_id": record.Ref(j.TechnicianID), "asset_serial": record.Text(j.AssetSerial), "notes": record.Text(j.Notes),
	}
}

// edit returns the cells of an edit: the three columns that a technician changes most.
func (m *maker) edit() record.Values {
	return record.Values{
		"status": record.Text(pick(m, statuses)), "notes": record.Text(m.notes(pick(m, tongues))),
		"updated_at": record.Instant(m.updated()),
	}
}
