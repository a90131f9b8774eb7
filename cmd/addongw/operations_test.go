package main

import (
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/admin"
)

func TestAListingTellsAPurgeFromARemovalAndWhenItIsDue(t *testing.T) {
	past, future := time.Now().Add(-time.Hour), time.Date(2999, 1, 2, 3, 4, 5, 0, time.UTC)
	for want, o := range map[string]admin.Operation{
		"provision":           {Verb: "provision", RunAt: &future},
		"deprovision":         {Verb: "deprovision", Mode: "soft"},
		"deprovision (purge)": {Verb: "deprovision", Mode: "purge", RunAt: &past},
		"deprovision (purge due 2999-01-02T03:04:05Z)": {Verb: "deprovision", Mode: "purge", RunAt: &future},
	} {
		if got := verbText(o); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
