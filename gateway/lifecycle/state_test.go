package lifecycle

import (
	"slices"
	"testing"

	"github.com/addongw/addongw/gateway"
)

func TestEveryResourceMoveLeadsSomewhereKnown(t *testing.T) {
	for from, moves := range resourceMoves {
		for ev, to := range moves {
			if _, ok := resourceMoves[to]; !ok {
				t.Errorf("%s, %s leads to %q, which has no row", from, ev, to)
			}
		}
	}
}

func TestATombstoneIsNeverRevived(t *testing.T) {
	events := []event{ordered, provisioned, cleanedUp, planOrdered, planChanged, planRefused, dropOrdered, dropped}
	for _, ev := range events {
		if to, err := moveResource(gateway.Deprovisioned, ev); err == nil {
			t.Errorf("%s makes a tombstone %s", ev, to)
		}
		if to, err := moveResource(gateway.Deprovisioning, ev); err == nil && to != gateway.Deprovisioned {
			t.Errorf("%s makes a resource that is being removed %s", ev, to)
		}
	}
}

func TestEveryLivingResourceCanBeRemoved(t *testing.T) {
	for from := range resourceMoves {
		if from == gateway.Deprovisioning || from == gateway.Deprovisioned {
			continue
		}
		if to, err := moveResource(from, dropOrdered); err != nil || to != gateway.Deprovisioning {
			t.Errorf("a drop order makes %s %s, %v", from, to, err)
		}
	}
}

func TestAnOperationThatIsOverStaysSo(t *testing.T) {
	events := []opEvent{claim, succeed, retry, orphan, park, resume, refuse, cancel}
	for _, from := range []gateway.OperationState{gateway.OperationDone, gateway.OperationFailed, gateway.OperationCancelled} {
		if slices.ContainsFunc(events, func(ev opEvent) bool { _, err := moveOperation(from, ev); return err == nil }) {
			t.Errorf("%s can be left", from)
		}
	}
}

func TestAnUnknownMoveIsRefused(t *testing.T) {
	if to, err := moveResource(gateway.Active, provisioned); err == nil {
		t.Errorf("an active resource was provisioned again and is %s", to)
	}
	if to, err := moveOperation(gateway.OperationPending, succeed); err == nil {
		t.Errorf("a pending operation succeeded and is %s", to)
	}
}
