package admin_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/admin"
)

func TestPushAnswersWithItsOperation(t *testing.T) {
	r := &reader{resources: twoResources, operations: []gateway.Operation{{ID: "op_1", ResourceID: "res_aaa", Verb: "push"}}}
	client, _ := start(t, r)
	op, err := client.Push(t.Context(), "res_a")
	if err != nil || op.ID != "op_1" || op.Verb != "push" || r.pushed != "res_aaa" {
		t.Errorf("pushed %q: %+v, %v", r.pushed, op, err)
	}
	if _, err := client.Push(t.Context(), "res_c"); gateway.KindOf(err) != gateway.NotFound {
		t.Errorf("an unknown resource: %v", err)
	}
}

func TestReconcileTellsWhatDiffers(t *testing.T) {
	r := &reader{reconciliation: gateway.Reconciliation{
		Compared: []gateway.Compared{{Platform: "moon", Addon: "acme-db", Listed: 2, Living: 1, Error: "half of it"}},
		Differences: []gateway.Difference{
			{Unlike: gateway.UnknownHere, Platform: "moon", Addon: "acme-db", ExternalID: "ext-1", PlatformPlan: "gold"},
			{Unlike: gateway.UnknownThere, Platform: "moon", Addon: "acme-db", ExternalID: "ext-2", Resource: gateway.Resource{
				ID: "res_2", State: gateway.Active, OwnerEmails: []string{"a@x", "b@x"}, CreatedAt: time.Unix(1, 0), UpdatedAt: time.Unix(1, 0),
			}},
		},
	}}
	client, _ := start(t, r)
	got, err := client.Reconcile(t.Context(), "moon", "acme-db")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1, 0).UTC()
	want := admin.Reconciliation{
		Compared: []admin.Compared{{Platform: "moon", Addon: "acme-db", Listed: 2, Living: 1, Error: "half of it"}},
		Differences: []admin.Difference{
			{Difference: "unknown_here", Platform: "moon", Addon: "acme-db", ExternalID: "ext-1", PlatformPlan: "gold"},
			{Difference: "unknown_there", Platform: "moon", Addon: "acme-db", ExternalID: "ext-2", Resource: &admin.Resource{
				ID: "res_2", State: "active", Owner: &admin.Owner{Emails: []string{"a@x", "b@x"}}, CreatedAt: at, UpdatedAt: at,
			}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" || r.reconciled != "moon/acme-db" {
		t.Errorf("asked for %s (-want +got):\n%s", r.reconciled, diff)
	}
}
