package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"fieldsync/server/admin"
	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/importer"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Check finds out what would become of every row, by doing it and keeping nothing.
func (m *imports) Check(ctx context.Context, who *auth.Person, id record.ID, s admin.ImportSettings) error {
	from := []string{admin.ImportNew, admin.ImportChecked, admin.ImportUndone}
	return m.begin(ctx, id, admin.ImportChecking, from, func(ctx context.Context, note *admin.ImportFile, done *atomic.Int64) error {
		note.Settings = s
		for i := range note.Columns {
			note.Columns[i].Field = s.Columns[i].Field
		}
		if err := m.remember(ctx, note); err != nil {
			return err
		}
		if err := m.run(ctx, who, note, done, true); err != nil {
			return err
		}
		note.Phase = admin.ImportChecked
		return nil
	})
}

// Take takes the file in.
func (m *imports) Take(ctx context.Context, who *auth.Person, id record.ID) error {
	from := []string{admin.ImportChecked, admin.ImportStopped}
	return m.begin(ctx, id, admin.ImportTaking, from, func(ctx context.Context, note *admin.ImportFile, done *atomic.Int64) error {
		if _, err := os.Stat(m.path(note.ID, importFile)); err != nil {
			return errors.Join(errImportGone, err)
		}
		s := note.Settings
		err := m.do(ctx, who, func(tx aftersales.Tx) error {
			return aftersales.BeginImport(tx, aftersales.ImportInput{ID: note.ID, Branch: s.Branch, Kind: note.Kind, Name: note.Name, System: s.System})
		})
		if err != nil {
			return err
		}
		before := note.Counts
		if err := m.run(ctx, who, note, done, false); err != nil {
			note.Counts = before
			return err
		}
		n := note.Counts
		note.Phase = admin.ImportTaken
		return m.do(ctx, who, func(tx aftersales.Tx) error {
			return aftersales.EndImport(tx, note.ID, aftersales.ImportCounts{Made: n.Made, Changed: n.Changed, Same: n.Same, Refused: n.Refused})
		})
	})
}

func (m *imports) do(ctx context.Context, who *auth.Person, command func(aftersales.Tx) error) error {
	_, err := m.core.Hub.Do(ctx, who.ID, nil, aftersales.CauseImport, func(o *hub.Office) error {
		return command(guard(ctx, Bind(o, who.ID)))
	})
	return err
}

// run reads the file once, and notes what becomes of its rows.
func (m *imports) run(ctx context.Context, who *auth.Person, note *admin.ImportFile, done *atomic.Int64, dry bool) error {
	file, err := os.Open(m.path(note.ID, importFile))
	if err != nil {
		return errors.Join(errImportGone, err)
	}
	defer func() { _ = file.Close() }()
	rows, err := importer.Open(note.Sheet(), file, options(note.Settings))
	if err != nil {
		return err
	}
	in := Taking{Sheet: note.Sheet(), Branch: note.Settings.Branch, System: note.Settings.System, Author: who.ID, May: func(p auth.Permission) bool { return who.May(p) }, Dry: dry}
	if !dry {
		in.Import = note.ID
	}
	told, err := newReport(m.path(note.ID, importRefused), rows.Header())
	if err != nil {
		return err
	}
	sum, err := importer.Run(ctx, rows, NewRowSink(ctx, m.core, in), importer.Reporter{
		Warning: told.warn,
		Row: func(item importer.Item, fate importer.Fate) error {
			done.Add(1)
			return told.row(item, fate)
		},
	})
	if err = errors.Join(err, told.close()); err != nil {
		return err
	}
	note.Counts, note.Rows, note.Warnings = sum, told.rows, told.warnings
	return nil
}

// report gathers what a page shows of a run, and keeps the refused rows as they stand in the file, each with the reason,
// for whoever asks for them in whatever language.
type report struct {
	rows     []admin.ImportedRow
	warnings []importer.Warning
	seen     map[importer.Did]int
	file     *os.File
	out      *json.Encoder
	skip     int // the column in which an earlier such sheet says why, -1 for none
}

func newReport(path string, header []string) (*report, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	r := &report{seen: map[importer.Did]int{}, file: file, out: json.NewEncoder(file)}
	r.skip = slices.IndexFunc(header, func(name string) bool { return slices.Contains(importer.ReasonColumns, name) })
	return r, r.out.Encode(refusedCells{Cells: r.cells(header)})
}

// refusedCells is a row of a file that could not be taken in; the first is its header, which nothing is wrong with.
type refusedCells struct {
	Cells []string
	Why   importer.Remark
}

// cells are a row's, without why an earlier one was refused.
func (r *report) cells(row []string) []string {
	list := make([]string, 0, len(row)+1)
	for i, c := range row {
		if i != r.skip {
			list = append(list, c)
		}
	}
	return list
}

func (r *report) warn(w importer.Warning) {
	if len(r.warnings) < mostWarnings {
		r.warnings = append(r.warnings, w)
	}
}

func (r *report) row(item importer.Item, fate importer.Fate) error {
	if r.seen[fate.Did]++; r.seen[fate.Did] <= mostRows {
		r.rows = append(r.rows, admin.ImportedRow{Line: item.Row.Line, Did: fate.Did, Text: brief(item.Cells), Why: fate.Why})
	}
	if fate.Did != importer.Refused {
		return nil
	}
	return r.out.Encode(refusedCells{r.cells(item.Cells), fate.Why})
}

// brief shortens a row for a page.
func brief(cells []string) string {
	var parts []string
	for _, c := range cells {
		if c = strings.Join(strings.Fields(c), " "); c != "" {
			parts = append(parts, c)
		}
	}
	text := []rune(strings.Join(parts, " · "))
	if len(text) > 160 {
		text = append(text[:160], '…')
	}
	return string(text)
}

func (r *report) close() error {
	return r.file.Close()
}

// Refused tells of the header, then of each row that was refused, and why.
func (m *imports) Refused(_ context.Context, id record.ID, tell func([]string, importer.Remark) error) error {
	return each(m.path(id, importRefused), func(row refusedCells) error { return tell(row.Cells, row.Why) })
}

// Stayed tells of each row that undoing the import left.
func (m *imports) Stayed(_ context.Context, id record.ID, tell func(admin.StayedRow) error) error {
	return each(m.path(id, importStayed), tell)
}

// each tells of everything in a file that a run left.
func each[T any](path string, tell func(T) error) error {
	file, err := os.Open(path)
	if err != nil {
		return errors.Join(errImportGone, err)
	}
	defer func() { _ = file.Close() }()
	for in := json.NewDecoder(file); ; {
		var row T
		switch err := in.Decode(&row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := tell(row); err != nil {
			return err
		}
	}
}

// mapsSetting is where the store keeps how files were read, by their kind and headers, as JSON: the next one like it is
// read the same way unless somebody says otherwise.
const mapsSetting = "import_maps"

// mostMaps bounds how many are kept, of the kinds of file together; the oldest go.
const mostMaps = 100

type rememberedMap struct {
	Kind     string
	Headers  []string
	Settings admin.ImportSettings
}

func (r *rememberedMap) fits(note *admin.ImportFile) bool {
	if r.Kind != note.Kind || len(r.Headers) != len(note.Columns) || len(r.Settings.Columns) != len(note.Columns) {
		return false
	}
	for i := range r.Headers {
		if r.Headers[i] != note.Columns[i].Name {
			return false
		}
	}
	return true
}

func (m *imports) remembered(note *admin.ImportFile) (found *admin.ImportSettings, err error) {
	err = m.core.Store.Read(m.ctx, func(v *store.View) error {
		list, err := readKept[[]rememberedMap](v.Setting(mapsSetting))
		for i := range list {
			if list[i].fits(note) {
				found = &list[i].Settings
			}
		}
		return err
	})
	return found, err
}

func (m *imports) remember(ctx context.Context, note *admin.ImportFile) error {
	now := rememberedMap{Kind: note.Kind, Settings: note.Settings}
	for _, c := range note.Columns {
		now.Headers = append(now.Headers, c.Name)
	}
	return m.core.Store.Write(ctx, func(tx *store.Tx) error {
		_, err := changeKept(tx, mapsSetting, func(list []rememberedMap) ([]rememberedMap, error) {
			list = append(slices.DeleteFunc(list, func(r rememberedMap) bool { return r.fits(note) }), now)
			return list[max(0, len(list)-mostMaps):], nil
		})
		return err
	})
}
