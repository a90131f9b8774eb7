package shell

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

func TestWorkFolderIsPrivateAndRemoved(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `
ls -ld "$HOME" | cut -c1-10 >"$OUT"; echo "$HOME" >>"$OUT"
mkdir -p deep/er; echo x >deep/er/file; chmod 500 deep/er deep
echo '{"status":"done"}'`}, nil)
	out := filepath.Join(t.TempDir(), "out")
	mustProvision(t, b, withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out)}))
	mode, home, _ := strings.Cut(strings.TrimSpace(readFile(t, out)), "\n")
	if mode != "drwx------" {
		t.Errorf("mode is %s", mode)
	}
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", home, err)
	}
}

func TestWorkFoldersOfKilledPluginsAreRemovedAndOthersAreKept(t *testing.T) {
	abandoned, err := os.MkdirTemp("", workDirPrefix)
	if err != nil {
		t.Fatal(err)
	}
	used, err := makeWorkDir(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = used.remove() }()
	removeAbandoned()
	if _, err := os.Stat(abandoned); !os.IsNotExist(err) {
		t.Errorf("the abandoned folder is still there: %v", err)
	}
	if _, err := os.Stat(used.path); err != nil {
		t.Errorf("the folder in use is gone: %v", err)
	}
}

func TestCleaningUpNeverTakesAFolderThatIsBeingMade(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	var sweeper sync.WaitGroup
	sweeper.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				removeAbandoned()
			}
		}
	})
	for range 300 {
		d, err := makeWorkDir(nil)
		if err != nil {
			t.Error(err)
			break
		}
		if _, err := os.Stat(d.path); err != nil {
			t.Errorf("it was taken: %v", err)
		}
		if err := d.remove(); err != nil {
			t.Error(err)
		}
	}
	close(done)
	sweeper.Wait()
}
