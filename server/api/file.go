package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Files is where the files lie that rows name. Refusals are *fault.Error for the program.
type Files interface {
	// Receive takes in a file of the kind.
	Receive(ctx context.Context, person record.ID, kind string, from io.Reader) (h blob.Hash, size int64, mediaType string, err error)
	// Brought returns what is known of a file of the kind that is here, and that the person has shown to have. The code is
	// blob.Unknown for any other.
	Brought(ctx context.Context, person record.ID, kind string, h blob.Hash) (size int64, mediaType string, err error)
	// Serve answers with the file as a download of that name, ServeThumbnail with a small picture of it. An error leaves
	// the answer unwritten.
	Serve(w http.ResponseWriter, r *http.Request, h blob.Hash, name string) error
	ServeThumbnail(w http.ResponseWriter, r *http.Request, h blob.Hash) error
}

// fileRoutes take in the files that rows of the resource name, and hand them out.
func (r *resource) fileRoutes(all, one string) []Route {
	if r.Files == nil {
		return nil
	}
	kind := query("kind")
	kind["schema"] = object{"type": "string", "enum": r.Files}
	sent := object{"type": "object", "properties": object{"sha256": text, "size": object{"type": "integer"}, "media_type": text, "kind": text}}
	routes := []Route{
		{Method: "POST", Path: all + "/files", Need: r.Create, do: (*API).takeFile, name: "takeFile", brings: true, status: http.StatusCreated, answers: sent, params: []any{kind}},
		{Method: "GET", Path: one + "/file", Need: r.See, do: (*API).giveFile, name: "giveFile", params: []any{path("id")}},
	}
	if slices.Contains(r.Files, blob.Photo) {
		routes = append(routes, Route{Method: "GET", Path: one + "/thumbnail", Need: r.See, do: (*API).giveThumbnail, name: "giveThumbnail", params: []any{path("id")}})
	}
	return routes
}

// The bounds of a file: what the company allows is asked on the way; these are for who sends without end.
const (
	maxFile    = 2 << 30
	fileWithin = 30 * time.Minute
)

var errNoFile = fault.New(blob.Unknown, "There is no such file, or it is still on its way.")

// takeFile takes in a file. Sent again, it is the same file: its name is its content.
func (a *API) takeFile(c *call) error {
	if a.Files == nil {
		return errNoFile
	}
	kind := c.r.URL.Query().Get("kind")
	if kind == "" && len(c.of.Files) == 1 {
		kind = c.of.Files[0]
	}
	if !slices.Contains(c.of.Files, kind) {
		return refused("kind", BadRequest, nil, "Say in the query which kind of file it is: kind=%s.", strings.Join(c.of.Files, ", kind="))
	}
	control := http.NewResponseController(c.w)              // where the bound cannot be lifted, that of the server holds
	_ = control.SetReadDeadline(time.Now().Add(fileWithin)) // the socket knows no other clock
	_ = control.SetWriteDeadline(time.Now().Add(fileWithin))
	h, size, mediaType, err := a.Files.Receive(c.r.Context(), c.by.Person, kind, http.MaxBytesReader(c.w, c.r.Body, maxFile))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fault.Wrap(fault.TooLarge, "The file is larger than 2 GB.", err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Wrap(BadRequest, "The file broke off. Send it again.", err)
	case err != nil:
		return err
	}
	return reply(c.w, http.StatusCreated, object{"sha256": h.String(), "size": size, "media_type": mediaType, "kind": kind})
}

// file fills in what a new row says of the file that it names: as it lies here, and never as the program says. A file that
// the program's person has not shown to have is none that he may name.
func (a *API) file(c *call, v record.Values) error {
	named := v["sha256"]
	if c.of.Files == nil || named.IsNull() {
		return nil
	}
	kind := c.of.Files[0]
	if len(c.of.Files) > 1 {
		kind = v["kind"].Text()
	}
	size, mediaType, err := a.brought(c, "sha256", kind, named.Text())
	if err != nil {
		return err
	}
	v["size"], v["media_type"] = record.Number(size), record.Text(mediaType)
	return nil
}

// photos fills in what is known of the photos that a new row names: of each its size and media type, as they lie here.
func (a *API) photos(c *call, v record.Values) error {
	if c.of.Photos == "" {
		return nil
	}
	for _, sum := range elementsOf(v, c.of.Photos) {
		size, mediaType, err := a.brought(c, c.of.Photos, blob.Photo, sum)
		if err != nil {
			return err
		}
		v[c.of.Photos+"."+sum] = record.Quantity(size, mediaType)
	}
	return nil
}

// brought returns what is known of a file that a field names by its content.
func (a *API) brought(c *call, field, kind, sum string) (size int64, mediaType string, err error) {
	h, ok := blob.ParseHash(sum)
	if !ok || a.Files == nil {
		return 0, "", refused(field, blob.Unknown, nil, "A file is named by the 64 hexadecimal digits that the hub answered when it was sent.")
	}
	if size, mediaType, err = a.Files.Brought(c.r.Context(), c.by.Person, kind, h); err != nil {
		err = about(field, err)
	}
	return size, mediaType, err
}

// giveFile sends the file that a row names.
func (a *API) giveFile(c *call) error {
	h, name, err := a.fileOf(c)
	if err != nil {
		return err
	}
	return a.Files.Serve(c.w, c.r, h, name)
}

// giveThumbnail sends a small picture of it.
func (a *API) giveThumbnail(c *call) error {
	h, _, err := a.fileOf(c)
	if err != nil {
		return err
	}
	return a.Files.ServeThumbnail(c.w, c.r, h)
}

// fileOf returns which file the row in the URL names, and what it is called.
func (a *API) fileOf(c *call) (h blob.Hash, name string, err error) {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil || a.Files == nil {
		return h, "", errNotFound
	}
	err = a.Engine.View(c.r.Context(), func(r Reader) error {
		row, err := living(r, c.of.table(), id)
		if err != nil {
			return err
		}
		var ok bool
		name = row.Get("name").Text()
		if h, ok = blob.ParseHash(row.Get("sha256").Text()); ok {
			ok, err = r.Opens(row, h)
		}
		if err == nil && !ok {
			err = errNoFile
		}
		return err
	})
	return h, name, err
}
