package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settleTime is how long files must rest before they are read: editors and git
// write more than once.
const settleTime = 150 * time.Millisecond

// watcher tells when configuration files change. It watches folders, because
// editors replace files.
type watcher struct {
	notify *fsnotify.Watcher
	log    *slog.Logger
}

// newWatcher watches dirs. The caller runs it.
func newWatcher(dirs []string, log *slog.Logger) (*watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch the configuration: %w", err)
	}
	w := &watcher{notify: notify, log: log}
	for _, dir := range dirs {
		if err := notify.Add(dir); err != nil {
			_ = notify.Close()
			return nil, fmt.Errorf("watch %s: %w", dir, err)
		}
	}
	return w, nil
}

// run calls changed a moment after the last of some changes, until ctx ends.
// changed returns the folders to watch from then on.
func (w *watcher) run(ctx context.Context, changed func() (dirs []string)) {
	defer func() { _ = w.notify.Close() }()
	settled := time.NewTimer(time.Hour)
	settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-w.notify.Events:
			if isConfigurationFile(event.Name) && event.Op != fsnotify.Chmod {
				settled.Reset(settleTime)
			}
		case err := <-w.notify.Errors:
			w.log.Error("changes of the configuration may go unseen", "event", "config.watch_failed", "error", err)
		case <-settled.C:
			for _, dir := range changed() {
				if err := w.notify.Add(dir); err != nil { // adding again is no error
					w.log.Error("a folder is not watched", "event", "config.watch_failed", "error", err)
				}
			}
		}
	}
}

// isConfigurationFile leaves out stores, sockets and what editors leave behind.
func isConfigurationFile(path string) bool {
	name := filepath.Base(path)
	return !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "#") &&
		(strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json"))
}
