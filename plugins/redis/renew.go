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
	var stamp string    // of the files
	var late []instance // that have not read them
	for pause := runnerTick; ; time.Sleep(pause) {
		pause = runnerTick
		settings, err := r.settings()
		if err != nil || !settings.TLS.on() {
			continue
		}
		now, err := stampOf(settings.TLS)
		if err == nil && now != stamp {
			if late, err = r.directory.instances(); err == nil {
				stamp = now
			}
		}
		if err == nil {
			late, err = renew(late, settings.TLS)
		}
		if err != nil {
			pause = longPause
			r.log.Error("a certificate is not renewed", "error", sentence(err), "again_in", pause.String())
		}
	}
}

// renew returns those that could not read the files.
func renew(all []instance, files tlsFiles) (late []instance, err error) {
	for _, i := range all {
		if failed := i.readCertificate(files); failed != nil {
			late, err = append(late, i), errors.Join(err, failed)
		}
	}
	return late, err
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
