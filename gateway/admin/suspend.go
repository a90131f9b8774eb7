package admin

import (
	"context"
	"net/http"
	"net/url"

	"github.com/addongw/addongw/gateway"
)

// suspendResource answers with the resource as it is then.
func (s *Server) suspendResource(r *http.Request) (any, error) {
	return s.turnResource(r, func(id string) (gateway.Resource, error) {
		return s.engine.SuspendByHand(r.Context(), id, r.URL.Query().Get("reason"))
	})
}

func (s *Server) resumeResource(r *http.Request) (any, error) {
	return s.turnResource(r, func(id string) (gateway.Resource, error) {
		return s.engine.ResumeByHand(r.Context(), id)
	})
}

func (s *Server) turnResource(r *http.Request, turn func(id string) (gateway.Resource, error)) (any, error) {
	found, err := s.reader.FindResource(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	turned, err := turn(found.ID)
	return wireResource(turned, s.process.HidesOption), err
}

// Suspend takes a resource out of its customer's hands. The reason is a sentence
// for the customer; it may be empty.
func (c *Client) Suspend(ctx context.Context, id, reason string) (Resource, error) {
	return do[Resource](ctx, c, http.MethodPost, "/v1/resources/"+url.PathEscape(id)+"/suspend", map[string]string{"reason": reason})
}

// Resume gives a suspended resource back to its customer.
func (c *Client) Resume(ctx context.Context, id string) (Resource, error) {
	return do[Resource](ctx, c, http.MethodPost, "/v1/resources/"+url.PathEscape(id)+"/resume", nil)
}
