package client

import (
	"context"
	"iter"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Assets is typed access to the machines that the device knows, and to every other thing with a serial number: an
// asset is a unit that is installed.
type Assets struct{ c *Client }

// Assets returns typed access to units.
func (c *Client) Assets() Assets { return Assets{c} }

// Get returns the unit, or the one that stands for it. Codes: fault.UnknownRow.
func (a Assets) Get(ctx context.Context, unit record.ID) (aftersales.Unit, error) {
	return see(ctx, a.c, func(tx Tx) (aftersales.Unit, error) {
		row, err := standing(tx, "unit", unit)
		if err == nil && row == nil {
			err = fault.New(fault.UnknownRow, "this unit is not here: sync, and try again")
		}
		return aftersales.UnitOf(row), err
	})
}

// BySerial returns the units that have exactly this serial number, in either case of its ASCII letters: serial numbers
// of several makers may be the same. It is empty when there is none.
func (a Assets) BySerial(ctx context.Context, serial string) ([]aftersales.Unit, error) {
	return list(a.each(ctx, `SELECT id FROM unit
		WHERE _del = 0 AND merged_into IS NULL AND lower(serial) = lower(trim(?)) ORDER BY id`, serial))
}

// Search returns the units where each word of text stands somewhere in the number, the name, the serial number or the
// place, ordered by name and serial number; "" returns all in use. Words are found at any place, as in JobFilter.Text.
// It reads every unit that the device holds.
func (a Assets) Search(ctx context.Context, text string) ([]aftersales.Unit, error) {
	return list(a.Each(ctx, text))
}

// Each yields the units of Search one by one, read in pages; an error ends the sequence.
func (a Assets) Each(ctx context.Context, text string) iter.Seq2[aftersales.Unit, error] {
	return a.each(ctx, unitsQuery, wordsOf(text))
}

var unitsQuery = `SELECT id FROM unit WHERE _del = 0 AND archived_at IS NULL AND merged_into IS NULL AND ` +
	contains(`number, name, serial, place`) + ` ORDER BY name IS NULL, name, serial, id`

func (a Assets) each(ctx context.Context, query, argument string) iter.Seq2[aftersales.Unit, error] {
	return each(ctx, a.c, func(record.ID) ([]record.ID, error) {
		return a.c.find(ctx, query, argument)
	}, rowAs("unit", aftersales.UnitOf))
}

// Find returns the unit that a person means: by its number or serial number, else by how one of them or the id begins.
// Codes: fault.UnknownRow, Ambiguous.
func (a Assets) Find(ctx context.Context, said string) (record.ID, error) {
	return a.c.resolve(ctx, naming{"unit", "number, serial", "unit"}, said)
}

// History returns what was done to the unit, oldest first; corrected lines as they were corrected.
func (a Assets) History(ctx context.Context, unit record.ID) ([]aftersales.ServiceRecord, error) {
	return see(ctx, a.c, func(tx Tx) ([]aftersales.ServiceRecord, error) { return aftersales.History(tx, unit) })
}

// Components returns the units that are fitted in this one.
func (a Assets) Components(ctx context.Context, unit record.ID) ([]aftersales.Unit, error) {
	return see(ctx, a.c, func(tx Tx) ([]aftersales.Unit, error) { return aftersales.Components(tx, unit) })
}

// Create adds a unit that was met on site, and returns its id.
func (a Assets) Create(ctx context.Context, in aftersales.UnitInput) (record.ID, error) {
	return add(ctx, a.c, aftersales.CauseCreate, aftersales.CreateUnit, in)
}

// Swap exchanges an installed unit for another, and returns the new one's id.
func (a Assets) Swap(ctx context.Context, in aftersales.SwapInput) (record.ID, error) {
	return add(ctx, a.c, aftersales.CauseUnitSwap, aftersales.SwapSerial, in)
}

// Service adds a line to the unit's history, and returns the line's id.
func (a Assets) Service(ctx context.Context, in aftersales.ServiceRecordInput) (record.ID, error) {
	return add(ctx, a.c, aftersales.CauseUnitService, aftersales.AddServiceRecord, in)
}
