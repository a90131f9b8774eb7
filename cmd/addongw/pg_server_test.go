package main

import (
	"context"
	"sync"
	"testing"

	"github.com/addongw/addongw/plugins/postgres/pgtest"
)

// postgres is the one real server that the tests of this package share.
var postgres struct {
	once           sync.Once
	server         *pgtest.Server
	err            error
	provisionerURL string
}

type postgresURLs struct{ SuperuserURL, ProvisionerURL string }

func postgresServer(t testing.TB) postgresURLs {
	t.Helper()
	postgres.once.Do(func() {
		if postgres.server, postgres.err = pgtest.Open(); postgres.err == nil {
			postgres.provisionerURL, postgres.err = postgres.server.Provisioner(context.Background(), "acme_admin")
		}
	})
	if postgres.err != nil {
		pgtest.SkipOrFail(t, postgres.err)
	}
	return postgresURLs{postgres.server.AdminURL(), postgres.provisionerURL}
}

func stopPostgres() {
	if postgres.server != nil {
		_ = postgres.server.Close()
	}
}
