package admin

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Reconciliation is what GET /v1/reconcile answers.
type Reconciliation struct {
	Compared    []Compared   `json:"compared"`
	Differences []Difference `json:"differences"`
}

// Compared is one add-on on one platform.
type Compared struct {
	Platform string `json:"platform"`
	Addon    string `json:"addon"`
	Listed   int    `json:"listed"` // by the platform
	Living   int    `json:"living"` // here
	Error    string `json:"error,omitempty"`
}

// Difference is an add-on about which platform and gateway differ.
type Difference struct {
	Difference   string    `json:"difference"` // unknown_here, ended_here, unknown_there or other_plan
	Platform     string    `json:"platform"`
	Addon        string    `json:"addon"`
	ExternalID   string    `json:"platform_id"` // empty where the platform lists applications and nothing is recorded
	App          string    `json:"app,omitempty"`
	PlatformPlan string    `json:"platform_plan,omitempty"` // as the platform calls it
	Resource     *Resource `json:"resource,omitempty"`
}

// pushResource enqueues a push and answers with its operation.
func (s *Server) pushResource(r *http.Request) (any, error) {
	res, err := s.reader.FindResource(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	id, err := s.engine.Push(r.Context(), res.ID)
	if err != nil {
		return nil, err
	}
	op, err := s.reader.FindOperation(r.Context(), id)
	return wireOperation(op), err
}

func (s *Server) reconcile(r *http.Request) (any, error) {
	q := r.URL.Query()
	found, err := s.engine.Reconcile(r.Context(), q.Get("platform"), q.Get("addon"))
	if err != nil {
		return nil, err
	}
	wire := Reconciliation{Compared: make([]Compared, 0, len(found.Compared)), Differences: make([]Difference, 0, len(found.Differences))}
	for _, c := range found.Compared {
		wire.Compared = append(wire.Compared, Compared(c))
	}
	for _, d := range found.Differences {
		one := Difference{
			Difference: string(d.Unlike), Platform: d.Platform, Addon: d.Addon, ExternalID: d.ExternalID, App: d.App, PlatformPlan: d.PlatformPlan,
		}
		if d.Resource.ID != "" {
			ours := wireResource(d.Resource, s.process.HidesOption)
			one.Resource = &ours
		}
		wire.Differences = append(wire.Differences, one)
	}
	return wire, nil
}

// Push has a resource's config vars sent to its platform and returns the
// operation that does so.
func (c *Client) Push(ctx context.Context, id string) (Operation, error) {
	return do[Operation](ctx, c, http.MethodPost, "/v1/resources/"+url.PathEscape(id)+"/push", nil)
}

// longestReconcile is how long the listings of all platforms may take.
const longestReconcile = 10 * time.Minute

// Reconcile compares the platforms' listings with the gateway's resources.
func (c *Client) Reconcile(ctx context.Context, platform, addon string) (Reconciliation, error) {
	patient := *c.http
	patient.Timeout = longestReconcile
	return do[Reconciliation](ctx, &Client{path: c.path, http: &patient}, http.MethodGet, "/v1/reconcile", map[string]string{
		"platform": platform, "addon": addon,
	})
}
