package secret

import (
	"encoding/base64"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestTheKeyFileIsMadeOnceForANewStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "addongw.db.key")
	first, err := LoadOrCreateKeyFile(path, true)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("got mode %v, %v", info.Mode(), err)
	}
	for _, storeIsNew := range []bool{true, false} {
		again, err := LoadOrCreateKeyFile(path, storeIsNew)
		if err != nil || again.Value.Reveal() != first.Value.Reveal() || !again.Primary || again.ID == "" {
			t.Errorf("new store %v: another key, %v", storeIsNew, err)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("drafts are left over: %v, %v", entries, err)
	}
	open(t, &memory{}, first)
}

func TestAStoreWithoutItsKeyFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "addongw.db.key")
	_, err := LoadOrCreateKeyFile(path, false)
	if err == nil || !strings.Contains(err.Error(), "backup") || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("a key file was made")
	}
}

func TestAKeyFileThatOthersCanReadIsRefused(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o660, 0o666, 0o601} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(Generate()), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadOrCreateKeyFile(path, false); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %v: got %v", mode, err)
		}
	}
}

func TestAKeyFileWithoutAKeyIsRefusedAndKept(t *testing.T) {
	for _, content := range []string{"", "not a key", strings.Repeat("QUFB", 5000)} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadOrCreateKeyFile(path, true); err == nil || strings.Contains(err.Error(), "not a key") && content == "not a key" {
			t.Errorf("%.10q: got %v", content, err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("the file was changed: %v", err)
		}
	}
	if _, err := LoadOrCreateKeyFile(t.TempDir(), true); err == nil {
		t.Error("a directory is taken for a key file")
	}
	if _, err := LoadOrCreateKeyFile(filepath.Join(t.TempDir(), "missing", "key"), true); err == nil {
		t.Error("a missing directory goes unnoticed")
	}
}

func TestTwoProcessesAgreeOnOneKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	keys := make([]string, 8)
	var wait sync.WaitGroup
	for i := range keys {
		wait.Go(func() {
			key, err := LoadOrCreateKeyFile(path, true)
			if err != nil {
				t.Error(err)
			}
			keys[i] = key.Value.Reveal()
		})
	}
	wait.Wait()
	for _, k := range keys {
		if k == "" || k != keys[0] {
			t.Errorf("different keys: %d bytes and %d bytes", len(k), len(keys[0]))
		}
	}
}

func TestGenerateGivesThirtyTwoBytes(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		key := Generate()
		raw, err := base64.StdEncoding.DecodeString(key)
		if err != nil || len(raw) != 32 || seen[key] {
			t.Fatalf("got %d bytes, %v", len(raw), err)
		}
		seen[key] = true
	}
}

func TestPasswordsUseTheAlphabetEvenly(t *testing.T) {
	const n = 620_000
	counts := map[rune]float64{}
	for _, r := range Password(n) {
		counts[r]++
	}
	if len(counts) != 62 {
		t.Fatalf("%d different characters", len(counts))
	}
	// 10,000 of each are expected; a favoured letter would have 24 % more.
	for r, count := range counts {
		if math.Abs(count-n/62) > 600 || !strings.ContainsRune(passwordAlphabet, r) {
			t.Errorf("%q comes %v times", r, count)
		}
	}
}

func TestPasswordsHaveTheirLength(t *testing.T) {
	for _, n := range []int{0, 1, 7, 40, 1000} {
		if got := Password(n); len(got) != n {
			t.Errorf("Password(%d) has %d characters", n, len(got))
		}
	}
}
