package sso_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/platform/sso"
)

func TestAProofIsSpentOnceUntilItIsTooOld(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := sso.NewSpent(2, func() time.Time { return now })
	until := now.Add(5 * time.Minute)
	if !s.Spend("a", until) || s.Spend("a", until) {
		t.Fatal("a proof must work once")
	}
	if !s.Spend("b", until) {
		t.Error("another proof was refused")
	}
	if s.Spend("c", until) {
		t.Error("one more than it may remember was taken, and could be taken twice")
	}
	now = until
	if s.Spend("a", until) {
		t.Error("a proof worked again in the last moment of its window")
	}
	now = until.Add(time.Millisecond)
	for i := range 2 {
		if !s.Spend(strconv.Itoa(i), now.Add(time.Minute)) {
			t.Error("what is over was not forgotten")
		}
	}
}
