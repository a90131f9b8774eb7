package http

import (
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
)

func subject(t *testing.T, text string) backendtest.Subject {
	large := planOfTier("large", "s1")
	return backendtest.Subject{
		Backend: New(),
		Config:  backend.NewValue(decoded(t, text)),
		Op: func(*testing.T) backend.Op {
			return backend.Op{Plan: planOfTier("small", "s0"), Region: backend.Region{ID: "eu"}}
		},
		ChangeTo: &large,
		Secrets:  []string{"secret-token"},
		Timeout:  20 * time.Second,
	}
}

func TestAnAPIThatAnswersAtOnceKeepsTheContract(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	backendtest.Run(t, subject(t, s.mailwind(verbs+find)))
	if n := s.count(); n != 0 {
		t.Errorf("%d accounts are left", n)
	}
}

func TestAnAPIThatAnswersLaterKeepsTheContract(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	s.patience = 2
	backendtest.Run(t, subject(t, s.mailwind(later+find)))
	if n := s.count(); n != 0 {
		t.Errorf("%d accounts are left", n)
	}
}
