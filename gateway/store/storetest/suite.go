package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// Store is all that a store offers: to the engine, to operators, and to
// whoever seals its columns.
type Store interface {
	lifecycle.Store

	Resources(ctx context.Context, f gateway.ResourceFilter) ([]gateway.Resource, error)
	FindResource(ctx context.Context, id string) (gateway.Resource, error)
	Operations(ctx context.Context, f gateway.OperationFilter) ([]gateway.Operation, error)
	FindOperation(ctx context.Context, id string) (gateway.Operation, error)

	Keyset(ctx context.Context) ([]byte, error)
	PutKeyset(ctx context.Context, wrapped []byte) error
	HasSealedRows(ctx context.Context) (bool, error)

	Writable(ctx context.Context) error
	Close() error
}

// Open opens a store whose data lies in dir. Opening the same dir again, after
// Close, must find what was written.
type Open func(t *testing.T, dir string) Store

// Run runs the suite.
func Run(t *testing.T, open Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *fixture){
		"a resource is read as it was written":                       resourceRoundTrip,
		"an operation is read as it was written":                     operationRoundTrip,
		"an external id belongs to one living resource":              externalIDIsUnique,
		"the living resource hides its tombstones":                   livingHidesTombstones,
		"a provider id is found within its platform and add-on only": providerIDIsScoped,
		"a short id is taken once":                                   shortIDIsUnique,
		"a change of a row that has changed is refused":              staleUpdateIsRefused,
		"a lane runs one operation at a time, in order":              laneOrder,
		"an operation is claimed only when it is due":                claimNeedsDue,
		"an operation starts inline only in an empty lane":           inlineNeedsEmptyLane,
		"of many claims one wins":                                    oneClaimWins,
		"a finish by anybody but the owner is refused":               finishIsFenced,
		"a finish that missed a request to cancel is refused":        finishSeesCancel,
		"a checkpoint is fenced and keeps the state":                 checkpointIsFenced,
		"a node takes over what dead nodes were running":             takeOver,
		"due work is found by verb and backend":                      dueIsFiltered,
		"what waits for something is resumed, and nothing else":      whatWaitsIsResumed,
		"an error undoes its own transaction only":                   errorsAreIsolated,
		"a panic undoes its own transaction only":                    panicsAreIsolated,
		"a caller that is gone writes nothing":                       goneCallerWritesNothing,
		"many writers at once lose nothing":                          concurrentWriters,
		"delivery marks only rise":                                   deliveryMarksRise,
		"particulars replace name and owner, and nothing else":       particulars,
		"what nobody received is listed":                             listUndelivered,
		"a rotation is kept beside what else changes":                rotationIsKept,
		"the grace of a rotation begins with its delivery":           graceBeginsWithTheDelivery,
		"rotations that are due are listed":                          rotationsAreListed,
		"old credentials are listed":                                 oldCredentialsAreListed,
		"inputs can be forgotten":                                    inputsAreForgotten,
		"what was written survives a reopening":                      survivesReopening,
		"resources are listed newest first, by filter and page":      listResources,
		"resources are found by any id or a unique beginning":        findResource,
		"operations are listed and found":                            listOperations,
		"living resources are counted for quotas":                    livingIsCounted,
		"a count holds until its transaction commits":                countsAreExact,
		"names in use are grouped":                                   inUseIsGrouped,
		"renames are made together and once":                         renames,
		"a rename is seen by whoever changes the row":                renameIsFenced,
		"a rename onto a taken id changes nothing":                   renameOntoTaken,
		"servers are counted, and where they are":                    serversAreCounted,
		"an order is found that was the same":                        twinsAreFound,
		"what waits for credentials is found by its owner":           credentialsAreAwaited,
		"documents are kept":                                         documentsAreKept,
		"the keyset is kept":                                         keysetIsKept,
		"a working store is writable":                                writable,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fixture{open: open, dir: t.TempDir()}
			f.Store = open(t, f.dir)
			t.Cleanup(func() { _ = f.Close() })
			test(t, f)
		})
	}
}

// fixture is a store on fresh data.
type fixture struct {
	Store
	open Open
	dir  string
}

// reopen closes the store and opens it again.
func (f *fixture) reopen(t *testing.T) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	f.Store = f.open(t, f.dir)
}

// update runs fn in a transaction that must succeed.
func (f *fixture) update(t *testing.T, fn func(tx lifecycle.Tx) error) {
	t.Helper()
	if err := f.Update(t.Context(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

// refused runs fn in a transaction that must fail with want.
func (f *fixture) refused(t *testing.T, want error, fn func(tx lifecycle.Tx) error) {
	t.Helper()
	if err := f.Update(t.Context(), fn); !errors.Is(err, want) {
		t.Fatalf("update: %v, want %v", err, want)
	}
}

// resource makes a living resource called name, and writes it.
func (f *fixture) resource(t *testing.T, name string, change ...func(*lifecycle.ResourceRecord)) lifecycle.ResourceRecord {
	t.Helper()
	r := newResource(name)
	for _, c := range change {
		c(&r)
	}
	f.update(t, func(tx lifecycle.Tx) error { return tx.InsertResource(r) })
	r.Version = 1
	return r
}

func newResource(name string) lifecycle.ResourceRecord {
	return lifecycle.ResourceRecord{Resource: gateway.Resource{
		ID: "res_" + name, ShortID: "short" + name, ProviderID: "prov-" + name, Kind: gateway.KindAddon,
		Platform: "moon", Addon: "acme-db", ExternalID: "ext-" + name,
		Plan: "free", Region: "eu", Backend: "postgres.main", State: gateway.Provisioning,
		CreatedAt: time.UnixMilli(1000), UpdatedAt: time.UnixMilli(2000),
	}}
}

// operation makes a due operation of r and writes it.
func (f *fixture) operation(t *testing.T, r lifecycle.ResourceRecord, id string, change ...func(*lifecycle.OperationRecord)) lifecycle.OperationRecord {
	t.Helper()
	op := newOperation(r, id)
	for _, c := range change {
		c(&op)
	}
	f.update(t, func(tx lifecycle.Tx) error { return tx.InsertOperation(op) })
	return f.read(t, op.ID)
}

func newOperation(r lifecycle.ResourceRecord, id string) lifecycle.OperationRecord {
	return lifecycle.OperationRecord{
		Operation: gateway.Operation{
			ID: "op_" + id, Lane: "res:" + r.ID, ResourceID: r.ID, Verb: string(backend.VerbProvision),
			State: gateway.OperationPending, Plan: "free", RunAt: time.UnixMilli(1), CreatedAt: time.UnixMilli(1),
		},
		Backend: "postgres.main", MaxAttempts: 20,
	}
}

// running is an operation that a node runs since its first attempt.
func running(node string) func(*lifecycle.OperationRecord) {
	return func(op *lifecycle.OperationRecord) {
		op.State, op.Owner, op.Attempt, op.RunAt = gateway.OperationRunning, node, 1, time.Time{}
	}
}

func (f *fixture) read(t *testing.T, id string) lifecycle.OperationRecord {
	t.Helper()
	op, err := f.OperationRecord(t.Context(), id)
	if err != nil {
		t.Fatalf("read operation %s: %v", id, err)
	}
	return op
}

// claim lets node claim an operation, which must succeed.
func (f *fixture) claim(t *testing.T, id, node string) lifecycle.OperationRecord {
	t.Helper()
	var op lifecycle.OperationRecord
	f.update(t, func(tx lifecycle.Tx) (err error) {
		op, err = tx.Claim(id, node, time.Minute)
		return err
	})
	return op
}

// settle ends an attempt, which must succeed.
func (f *fixture) settle(t *testing.T, op lifecycle.OperationRecord, state gateway.OperationState) {
	t.Helper()
	op.State = state
	f.update(t, func(tx lifecycle.Tx) error { return tx.Settle(op) })
}
