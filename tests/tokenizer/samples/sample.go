package main

import (
	"context"
	"fmt"
	"time"
)

type Worker struct {
	ID   int `json:"id,omitempty"`
	jobs <-chan func(ctx context.Context) error
}

func (w *Worker) Run(ctx context.Context) (err error) {
	for {
		select {
		case job, ok := <-w.jobs:
			if !ok {
				return nil
			}
			if err = job(ctx); err != nil {
				return fmt.Errorf("worker %d: %w", w.ID, err)
			}
		case <-time.After(250 * time.Millisecond):
			fmt.Println(`still waiting…`)
		}
	}
}
