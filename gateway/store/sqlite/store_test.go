package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/addongw/addongw/gateway/store/sqlite"
	"github.com/addongw/addongw/gateway/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, dir string) storetest.Store {
		s, err := sqlite.Open(t.Context(), filepath.Join(dir, "data", "addongw.db"))
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
