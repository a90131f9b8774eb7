package redis

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// renewTimeout bounds how long one server is waited for.
const renewTimeout = 5 * time.Second

// keepFresh lets servers read a certificate that was renewed, without a restart,
// as long as the runner lives. It waits for servers that hang, so it is apart
// from what starts them. A new runner can't know what they have read, and begins
// with that.
func (r *runner) keepFresh() {
	var seen stamped
	for pause := runnerTick; ; time.Sleep(pause) {
		settings, err := r.settings()
		if err == nil && settings.TLS.on() {
			err = seen.renew(r.directory, settings.TLS)
		}
		if err == nil {
			pause = runnerTick
			continue
		}
		pause = min(2*pause, longPause) // a certificate and its key are renewed one after the other
		r.log.Error("a certificate is not renewed", "error", sentence(err), "again_in", pause.String())
	}
}

// stamped is which files servers have read.
type stamped struct {
	stamp string
	late  []instance // all but these
}

func (s *stamped) renew(d directory, files tlsFiles) error {
	now, err := stampOf(files)
	if err != nil {
		return err
	}
	if now != s.stamp {
		if s.late, err = d.instances(); err != nil {
			return err
		}
		s.stamp = now
	}
	all := s.late
	s.late = nil
	for _, i := range all {
		if failed := i.readCertificate(files); failed != nil {
			s.late, err = append(s.late, i), errors.Join(err, failed)
		}
	}
	return err
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
