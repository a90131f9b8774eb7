package admin

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/addongw/addongw/gateway"
)

// Rotation is a replacement of credentials that is under way.
type Rotation struct {
	Phase string     `json:"phase"`          // staging, staged or reverting
	Grace string     `json:"grace"`          // how long the others go on working once the platform has these: "15m0s"
	Due   *time.Time `json:"due,omitempty"`  // when the grace is over; absent until the platform has them
	Sure  bool       `json:"sure,omitempty"` // it is over: the others end as soon as the platform has confirmed these

	Forced bool `json:"forced,omitempty"` // the platform is not told: the grace began at once
}

func wireRotation(r gateway.Rotation) *Rotation {
	if r.Phase == gateway.NotRotating {
		return nil
	}
	return &Rotation{Phase: string(r.Phase), Grace: r.Grace.String(), Due: optionalTime(r.Due), Sure: r.Sure, Forced: r.Forced}
}

// rotateResource answers with the resource once new credentials work, or are still
// being made.
func (s *Server) rotateResource(r *http.Request) (any, error) {
	query := r.URL.Query()
	order := gateway.RotateOrder{Force: query.Get("force") == "true"}
	if text := query.Get("grace"); text != "" {
		grace, err := time.ParseDuration(text)
		if err != nil || grace < 0 {
			return nil, gateway.Errorf(gateway.Refused, "grace must be a length of time, such as 15m")
		}
		order.Grace = &grace
	}
	return s.turnResource(r, func(id string) (gateway.Resource, error) {
		if query.Get("undo") == "true" {
			return s.engine.UndoRotation(r.Context(), id)
		}
		return s.engine.Rotate(r.Context(), id, order)
	})
}

// Rotate replaces the credentials of a resource.
func (c *Client) Rotate(ctx context.Context, id string, order gateway.RotateOrder) (Resource, error) {
	query := map[string]string{"force": strconv.FormatBool(order.Force)}
	if order.Grace != nil {
		query["grace"] = order.Grace.String()
	}
	return c.rotate(ctx, id, query)
}

// UndoRotation gives out the credentials from before a rotation that is under way.
func (c *Client) UndoRotation(ctx context.Context, id string) (Resource, error) {
	return c.rotate(ctx, id, map[string]string{"undo": "true"})
}

func (c *Client) rotate(ctx context.Context, id string, query map[string]string) (Resource, error) {
	return do[Resource](ctx, c, http.MethodPost, "/v1/resources/"+url.PathEscape(id)+"/rotate", query)
}
