package redis

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// freshness is which certificate the servers have.
type freshness struct {
	stamp string    // of the files that all have read
	next  time.Time // not before, after a failure
}

// renewTimeout bounds how long one server is waited for.
const renewTimeout = 5 * time.Second

// renew lets servers read a certificate that was renewed, without a restart. A
// new runner can't know what they have read, and begins with that.
func (r *runner) renew(all []instance) {
	settings, err := r.settings()
	if err != nil || !settings.TLS.on() || time.Now().Before(r.tls.next) {
		return
	}
	stamp, err := stampOf(settings.TLS)
	if err == nil && stamp != r.tls.stamp {
		for _, i := range all {
			err = errors.Join(err, i.readCertificate(settings.TLS))
		}
	}
	if err != nil {
		r.log.Error("a certificate is not renewed", "error", sentence(err), "again_in", longPause.String())
		r.tls.next = time.Now().Add(longPause)
		return
	}
	r.tls.stamp = stamp
}

// stampOf changes with the files.
func stampOf(files tlsFiles) (string, error) {
	stamp := ""
	for _, path := range []string{files.Cert, files.Key} {
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		stamp += fmt.Sprintln(path, info.ModTime().UnixNano(), info.Size())
	}
	return stamp, nil
}

func (i instance) readCertificate(files tlsFiles) error {
	record, err := readRecord(i)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (record.Phase != phaseOn || !i.runs()) {
		return nil // it reads it when it starts
	}
	if err != nil {
		return err
	}
	admin, err := i.admin()
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), renewTimeout)
	defer cancel()
	if err := admin.Do(ctx, "CONFIG", "SET", "tls-cert-file", files.Cert, "tls-key-file", files.Key).Err(); err != nil {
		return fmt.Errorf("server %s: %w", i.name(), err)
	}
	return nil
}
