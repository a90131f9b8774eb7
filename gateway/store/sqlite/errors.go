package sqlite

import (
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/addongw/addongw/gateway/lifecycle"
)

// violated turns the violation of a unique index into what the engine knows.
// SQLite names the index by its columns.
func violated(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) || e.Code()&0xff != sqlite3.SQLITE_CONSTRAINT {
		return err
	}
	text := e.Error()
	switch {
	case strings.Contains(text, "resources.external_id"):
		return lifecycle.ErrTaken
	case strings.Contains(text, "UNIQUE") && strings.Contains(text, "resources."):
		return lifecycle.ErrShortIDTaken
	case strings.Contains(text, "operations.lane"), strings.Contains(text, "operations.seq"):
		return lifecycle.ErrLaneBusy
	default:
		return err
	}
}

// explain adds what an operator can do about an error of the file or its disk.
func (s *Store) explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("the disk of %s is full; nothing recorded is lost, free some space: %w", s.path, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("%s cannot be written; check its permissions and those of its folder: %w", s.path, err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("the disk of %s does not work: %w", s.path, err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%s is damaged or no store; restore it from a backup: %w", s.path, err)
	case sqlite3.SQLITE_BUSY:
		return fmt.Errorf("another program holds %s locked: %w", s.path, err)
	default:
		return err
	}
}
