// Reads a dashboard in the form that Grafana publishes for programs: no field is unknown, none that
// is required is missing, and none is of another type.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func judge(text []byte) error {
	var read dashboard.Dashboard
	// No error is a list of none there.
	if err := read.UnmarshalJSONStrict(text); err != nil && err.Error() != "" {
		return err
	}
	if err := read.Validate(); err != nil && err.Error() != "" {
		return err
	}
	var own struct {
		SchemaVersion uint16 `json:"schemaVersion"`
	}
	if err := json.Unmarshal(text, &own); err != nil {
		return err
	}
	if known := dashboard.NewDashboard().SchemaVersion; own.SchemaVersion != known {
		return fmt.Errorf("schemaVersion is %d, and that of this form %d", own.SchemaVersion, known)
	}
	return nil
}

func main() {
	plugins.RegisterDefaultPlugins()
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = judge(text)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
