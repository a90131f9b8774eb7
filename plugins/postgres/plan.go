package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/attribute"
)

const (
	// maxConnections is the most that PostgreSQL's own max_connections can be.
	maxConnections = 262143
	// PostgreSQL counts statement_timeout in milliseconds and temp_file_limit
	// in kilobytes, both as 32-bit integers.
	maxStatementTimeout = time.Duration(1<<31-1) * time.Millisecond
	maxTempFileMB       = (1<<31 - 1) / 1024
)

// limits are the params of a plan. What was unknown is zero.
type limits struct {
	connections      int
	statementTimeout time.Duration // 0: the server's default
	tempFileMB       int           // 0: the server's default
}

// ValidatePlan implements [backend.Backend].
func (b *Backend) ValidatePlan(_ context.Context, req backend.ValidatePlanRequest) (backend.ValidatePlanResponse, error) {
	_, found := readLimits(req.Plan.Params)
	return backend.ValidatePlanResponse{Diagnostics: found}, nil
}

// readLimits reads a plan's params and finds every problem in them.
func readLimits(params backend.Value) (limits, backend.Diagnostics) {
	var l limits
	var found backend.Diagnostics
	if f := attribute.Of(params, "connection_limit"); f.Null() {
		found = append(found, f.Wrong("connection_limit is missing", "Write how many connections the customer may hold at once."))
	} else if f.Known() {
		n, ok := f.Whole()
		if !ok || n < 1 || n > maxConnections {
			found = append(found, f.Wrong("connection_limit is not a number of connections", fmt.Sprintf("Write a whole number from 1 to %d.", maxConnections)))
		}
		l.connections = n
	}
	if f := attribute.Of(params, "statement_timeout"); f.Known() {
		d, err := time.ParseDuration(f.Text())
		if err != nil || d < time.Millisecond || d > maxStatementTimeout || d%time.Millisecond != 0 {
			found = append(found, f.Wrong("statement_timeout is not a duration", `Write a number with a unit, such as "30s" or "5m", from "1ms" to "596h".`))
		}
		l.statementTimeout = d
	}
	if f := attribute.Of(params, "temp_file_limit_mb"); f.Known() {
		n, ok := f.Whole()
		if !ok || n < 1 || n > maxTempFileMB {
			found = append(found, f.Wrong("temp_file_limit_mb is not a size", fmt.Sprintf("Write a whole number of MB from 1 to %d.", maxTempFileMB)))
		}
		l.tempFileMB = n
	}
	return l, found
}

// limitsOf reads the plan of an operation. The gateway checked it, so what is
// wrong now is an answer, not a diagnostic.
func limitsOf(plan backend.Plan) (limits, error) {
	l, found := readLimits(plan.Params)
	if len(found) > 0 {
		return limits{}, &backend.Failure{
			Class: backend.Invalid, Path: found[0].Path,
			Message: fmt.Sprintf("plan %q: %s. %s", plan.ID, found[0].Summary, found[0].Detail),
		}
	}
	if l.connections == 0 {
		return limits{}, backend.Failf(backend.Internal, "plan %q: connection_limit is unknown", plan.ID)
	}
	return l, nil
}

// settings are the login's default settings under the plan, in PostgreSQL's
// spelling; "" means the server's default.
func (l limits) settings() []setting {
	timeout, tempFiles := "", ""
	if l.statementTimeout > 0 {
		timeout = fmt.Sprintf("%dms", l.statementTimeout.Milliseconds())
	}
	if l.tempFileMB > 0 {
		tempFiles = fmt.Sprintf("%dMB", l.tempFileMB)
	}
	return []setting{{"statement_timeout", timeout}, {"temp_file_limit", tempFiles}}
}

// setting is a configuration parameter of a role.
type setting struct{ name, value string }
