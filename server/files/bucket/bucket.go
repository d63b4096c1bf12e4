// Package bucket keeps the files that rows name in a bucket of an S3-compatible store: one for all nodes of a hub.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"fieldsync/server/files"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Bucket is a place in an S3-compatible store. It is a files.Store.
type Bucket struct {
	client *minio.Client
	name   string
	prefix string // of every name: "" or one that ends with a slash
	where  string // without secrets
}

// The codes of an address that names no place.
const (
	BadAddress fault.Code = "files_address" // it cannot be read
	NoBucket   fault.Code = "files_bucket"  // the store answers, and does not let this hub in, or has no such bucket
)

// headerWithin is how long the store may take to begin an answer: what hangs on it is ended then, and tried again.
const headerWithin = 30 * time.Second

// attempts is how often a request is made before it fails. Who asked tries again later.
const attempts = 3

// Open finds the place at s3://KEY:SECRET@HOST:PORT/BUCKET/PREFIX. Key and secret may be left out, and are those of
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY then; so may the prefix, and the port of https. ?tls=off speaks HTTP, for a
// store on the same machine; ?region=NAME names the region where the store needs it. The errors have the codes BadAddress,
// NoBucket, or fault.Overloaded where nobody answers, with which the Bucket is returned too: it may be used, and works when
// the store does.
func Open(ctx context.Context, address string) (*Bucket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, badAddress // the error would repeat the secret
	}
	name, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if u.Scheme != "s3" || u.Host == "" || name == "" {
		return nil, badAddress
	}
	if prefix != "" {
		prefix += "/"
	}
	secure := u.Query().Get("tls") != "off"
	transport, err := minio.DefaultTransport(secure)
	if err != nil {
		return nil, err
	}
	transport.ResponseHeaderTimeout = headerWithin
	client, err := minio.New(u.Host, &minio.Options{
		Creds: keysOf(u.User), Secure: secure, Region: u.Query().Get("region"), Transport: http.RoundTripper(transport),
		MaxRetries: attempts,
	})
	if err != nil {
		return nil, badAddress
	}
	b := &Bucket{client: client, name: name, prefix: prefix, where: "s3://" + u.Host + "/" + path.Join(name, prefix)}
	return b, b.check(ctx)
}

var badAddress = fault.New(BadAddress, "The place for files is not an address like s3://host/bucket/prefix. Mend it.")

func keysOf(user *url.Userinfo) *credentials.Credentials {
	if user == nil {
		return credentials.NewEnvAWS()
	}
	secret, _ := user.Password()
	return credentials.NewStaticV4(user.Username(), secret, "")
}

// check looks whether the bucket is there.
func (b *Bucket) check(ctx context.Context) error {
	there, err := b.client.BucketExists(ctx, b.name)
	switch status := minio.ToErrorResponse(err).StatusCode; {
	case err == nil && !there:
		return fault.New(NoBucket, "There is no bucket "+b.where+". Make it, or name another.")
	case status >= 400 && status < 500:
		return fault.Wrap(NoBucket, "The store for files does not let this hub into "+b.where+". Look at its keys.", err)
	case err != nil:
		return away(err)
	}
	return nil
}

// keepsVersions reports whether the store keeps what is deleted, unless each version is. One that does not know the question
// keeps none.
func (b *Bucket) keepsVersions(ctx context.Context) (bool, error) {
	kept, err := b.client.GetBucketVersioning(ctx, b.name)
	if status := minio.ToErrorResponse(err).StatusCode; err != nil && (status == 0 || status >= 500 && status != http.StatusNotImplemented) {
		return false, away(err)
	}
	return err == nil && kept.Status != "", nil
}

// away is what a request becomes that the store did not answer as it should.
func away(err error) error {
	return fault.Wrap(fault.Overloaded, "The store for files does not answer just now. Nothing is lost; it goes on later.", err)
}

// String says where the bucket is, without secrets.
func (b *Bucket) String() string { return b.where }

// Shelf implements files.Store.
func (b *Bucket) Shelf(name string) files.Blobs { return &shelf{b, b.prefix + name + "/"} }

// shelf is the part of a bucket whose names begin alike.
type shelf struct {
	*Bucket
	begins string
}

func (s *shelf) key(h blob.Hash) string { return s.begins + h.String() }

// Put implements files.Blobs. The store is sent a sum of what comes, and refuses what was damaged on the way.
func (s *shelf) Put(ctx context.Context, h blob.Hash, from string) error {
	there, err := s.Has(ctx, h)
	if err == nil && !there {
		_, err = s.client.FPutObject(ctx, s.name, s.key(h), from,
			minio.PutObjectOptions{ContentType: "application/octet-stream", SendContentMd5: true})
		if err != nil {
			err = away(err)
		}
	}
	if err != nil {
		return err
	}
	return os.Remove(from)
}

// object is a file of the bucket that is read.
type object struct {
	*minio.Object
	size int64
}

func (o object) Size() int64 { return o.size }

// Open implements files.Blobs.
func (s *shelf) Open(ctx context.Context, h blob.Hash) (files.Content, error) {
	o, err := s.client.GetObject(ctx, s.name, s.key(h), minio.GetObjectOptions{})
	if err != nil {
		return nil, away(err)
	}
	info, err := o.Stat()
	if err != nil {
		return nil, errors.Join(missing(err), o.Close())
	}
	return object{o, info.Size}, nil
}

// missing turns the store's answer that there is no such file into fs.ErrNotExist.
func missing(err error) error {
	if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
		return fs.ErrNotExist
	}
	return away(err)
}

// Has implements files.Blobs.
func (s *shelf) Has(ctx context.Context, h blob.Hash) (bool, error) {
	_, err := s.client.StatObject(ctx, s.name, s.key(h), minio.StatObjectOptions{})
	if err == nil {
		return true, nil
	}
	if err = missing(err); errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return false, err
}

// Delete implements files.Blobs: every version goes.
func (s *shelf) Delete(ctx context.Context, h blob.Hash) error {
	versions, err := s.keepsVersions(ctx)
	if err != nil {
		return err
	}
	if !versions {
		return s.remove(ctx, h, "")
	}
	for o := range s.client.ListObjectsIter(ctx, s.name, minio.ListObjectsOptions{Prefix: s.key(h), WithVersions: true}) {
		if o.Err != nil {
			return away(o.Err)
		}
		if err := s.remove(ctx, h, o.VersionID); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) remove(ctx context.Context, h blob.Hash, version string) error {
	err := s.client.RemoveObject(ctx, s.name, s.key(h), minio.RemoveObjectOptions{VersionID: version})
	if err != nil && !errors.Is(missing(err), fs.ErrNotExist) {
		return away(err)
	}
	return nil
}

// Each implements files.Blobs. What is not named by a hash is somebody else's, and left alone.
func (s *shelf) Each(ctx context.Context, do func(blob.Hash, int64, time.Time) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the list where do did
	for o := range s.client.ListObjectsIter(ctx, s.name, minio.ListObjectsOptions{Prefix: s.begins, Recursive: true}) {
		if o.Err != nil {
			return away(o.Err)
		}
		h, ok := blob.ParseHash(strings.TrimPrefix(o.Key, s.begins))
		if !ok {
			continue
		}
		if err := do(h, o.Size, o.LastModified); err != nil {
			return err
		}
	}
	return ctx.Err()
}

var (
	_ files.Store  = (*Bucket)(nil)
	_ io.Seeker    = object{}
	_ fmt.Stringer = (*Bucket)(nil)
)
