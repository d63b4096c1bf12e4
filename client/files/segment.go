package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// NoSegment is the code of a hub that has none of the class for this app: the rows come one by one.
const NoSegment fault.Code = "no_segment"

// arriving ends the name of a segment of which not all is there; before it stands the hash of the whole.
const arriving = ".coming"

// FetchSegment downloads the class's segment for an app that speaks the version of the schema into the file at path, from the
// byte where it stopped, and verifies it. What is there so far stands in a file beside it. Codes: NoSegment; blob.WrongHash for
// a hub that sends something else; DiskFull; fault.Unauthentic; link.NoNetwork.
func (r *Remote) FetchSegment(ctx context.Context, class schema.Class, version int, path string, progress func(done, total int64)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begun, hash := begunAt(path)
	headers, have := map[string]string{}, sizeAt(begun)
	if have > 0 {
		headers["Range"], headers["If-Range"] = fmt.Sprintf("bytes=%d-", have), `"`+hash+`"`
	}
	response, err := r.do(ctx, http.MethodGet, fmt.Sprintf("%s%d?schema=%d", wire.SegmentPath, class, version), nil, headers)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	how := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	switch {
	case response.StatusCode == http.StatusPartialContent &&
		strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have)):
	case response.StatusCode == http.StatusOK: // from the beginning, and of another one perhaps
		if err := removeBegun(path); err != nil {
			return failed("the data cannot be kept", err)
		}
		have, hash, how = 0, strings.Trim(response.Header.Get("ETag"), `"`), how|os.O_TRUNC
	case response.StatusCode == http.StatusNotFound:
		return errors.Join(fault.New(NoSegment, "the server has nothing ready; the rows come one by one"), removeBegun(path))
	case response.StatusCode == http.StatusRequestedRangeNotSatisfiable: // all of it had come before
		if want, ok := blob.ParseHash(hash); ok {
			return settleSegment(begun, path, want)
		}
		return errors.Join(errDiffers, removeBegun(path))
	default:
		return refusal(response)
	}
	want, ok := blob.ParseHash(hash)
	if !ok || response.ContentLength <= 0 {
		return fault.New(fault.Version, "the address answers, but not as this server does: check it")
	}
	begun = path + "." + hash + arriving
	f, err := os.OpenFile(begun, how, 0o600)
	if err != nil {
		return failed("the data cannot be kept", err)
	}
	total := have + response.ContentLength
	goOn := func() error { return ctx.Err() }
	err = pour(f, response.Body, cancel, have, total, goOn, func(done int64) { progress(done, total) })
	if err = errors.Join(err, f.Close()); err != nil {
		return failed("the data cannot be kept", err)
	}
	return settleSegment(begun, path, want)
}

// SegmentArrived returns how many bytes are there so far of the segment that is being fetched into the file at path.
func SegmentArrived(path string) int64 {
	begun, _ := begunAt(path)
	return sizeAt(begun)
}

// DropSegment removes the segment at path, and what is there so far of one that is not.
func DropSegment(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err = errors.Join(err, removeBegun(path)); err != nil {
		return failed("the disk does not let go of a file", err)
	}
	return nil
}

var errDiffers = fault.New(blob.WrongHash, "the server sent something else than it said; trying again")

// settleSegment gives what came its name, if it is what it is to be.
func settleSegment(begun, path string, want blob.Hash) error {
	f, err := os.Open(begun)
	if err != nil {
		return failed("the data cannot be kept", err)
	}
	got, _, err := sum(f)
	_ = f.Close() // it was only read
	if err != nil || got != want {
		return errors.Join(errDiffers, err, os.Remove(begun))
	}
	if err := os.Rename(begun, path); err != nil {
		return failed("the data cannot be kept", err)
	}
	return nil
}

// begunAt returns the file of what is there so far, and the hash of the whole; "" where there is nothing.
func begunAt(path string) (begun, hash string) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return "", ""
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), filepath.Base(path)+".")
		if hash, whole := strings.CutSuffix(rest, arriving); ours && whole {
			return filepath.Join(filepath.Dir(path), e.Name()), hash
		}
	}
	return "", ""
}

func sizeAt(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// removeBegun removes what is there so far.
func removeBegun(path string) error {
	for {
		begun, _ := begunAt(path)
		if begun == "" {
			return nil
		}
		if err := os.Remove(begun); err != nil {
			return err
		}
	}
}
