package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// Encode answers with value as JSON and returns when the bytes were handed to
// the network. An error means that the platform may not have received them.
func Encode(w http.ResponseWriter, status int, value any) error {
	body, err := Body(value)
	if err != nil {
		return err
	}
	return WriteBody(w, status, body)
}

// Body is value as Encode writes it, for answers that are always the same.
func Body(value any) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // a config var's "&" stays readable
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return body.Bytes(), nil
}

// WriteBody answers with what Body has made, as Encode does.
func WriteBody(w http.ResponseWriter, status int, body []byte) error {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store") // answers carry credentials
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return flush(w)
}

// Empty answers with a status and a body of no bytes, which the header says,
// and returns as Encode does: some callers take 204 for a failure.
func Empty(w http.ResponseWriter, status int) error {
	w.Header().Set("Content-Length", "0")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return flush(w)
}

// NoContent answers 204 without a single byte, and returns as Encode does.
func NoContent(w http.ResponseWriter) error {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return flush(w)
}

// flush hands an answer to the network. Without it net/http holds small ones
// back, and a connection that is already gone would count as served.
func flush(w http.ResponseWriter) error {
	if err := http.NewResponseController(w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}
