package clevercloud

import (
	"github.com/addongw/addongw/gateway/conformance"
)

// Checks are those that no exchange file can state.
func (Platform) Checks() []conformance.Check { return nil }

// StandIn is the infos API.
func (Platform) StandIn(conformance.Provider) conformance.StandIn { return nil }
