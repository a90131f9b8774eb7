package pgtest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestTheNewestServerIsFound(t *testing.T) {
	t.Setenv("PATH", "/nowhere")
	root := t.TempDir()
	pattern := filepath.Join(root, "*", "bin")
	if _, err := findBinaries(pattern); !errors.Is(err, ErrMissing) {
		t.Errorf("without programs: %v, want ErrMissing", err)
	}
	for _, program := range []string{"9/bin/initdb", "9/bin/postgres", "15/bin/initdb", "15/bin/postgres", "17/bin/initdb"} {
		path := filepath.Join(root, program)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := findBinaries(pattern); err != nil || got != filepath.Join(root, "15", "bin") {
		t.Errorf("got %s (%v), want version 15, the newest that is complete", got, err)
	}
}
