package sqlite

import (
	"context"
	"fmt"
	"testing"
)

// LimitPages makes the disk of the store end after n pages of 4 KiB.
func (s *Store) LimitPages(t *testing.T, n int) {
	t.Helper()
	var got int
	s.query(t, fmt.Sprintf("PRAGMA max_page_count = %d", n), &got)
	if got != n {
		t.Fatalf("the limit is %d pages, want %d", got, n)
	}
}

// Pragma reads a setting of the writing connection.
func (s *Store) Pragma(t *testing.T, name string) (value string) {
	t.Helper()
	s.query(t, "PRAGMA "+name, &value)
	return value
}

// Explain returns how SQLite would run a statement.
func (s *Store) Explain(t *testing.T, statement string) (plan string) {
	t.Helper()
	var ignored any
	s.query(t, "EXPLAIN QUERY PLAN "+statement, &ignored, &ignored, &ignored, &plan)
	return plan
}

// ExplainAll is Explain with every step of the plan.
func (s *Store) ExplainAll(t *testing.T, statement string) (plan string) {
	t.Helper()
	rows, err := s.writer.run.Query(context.Background(), "EXPLAIN QUERY PLAN "+statement)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var ignored any
		var step string
		if err := rows.Scan(&ignored, &ignored, &ignored, &step); err != nil {
			t.Fatal(err)
		}
		plan += step + "\n"
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

func (s *Store) query(t *testing.T, statement string, into ...any) {
	t.Helper()
	rows, err := s.writer.run.Query(context.Background(), statement)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if !rows.Next() {
		t.Fatalf("%s: no row, %v", statement, rows.Err())
	}
	if err := rows.Scan(into...); err != nil {
		t.Fatal(err)
	}
}
