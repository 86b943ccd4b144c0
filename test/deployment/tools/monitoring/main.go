// Reads Kubernetes documents on stdin and decodes those of the Prometheus operator into the operator's own types: an unknown
// or mistyped key is an error. Prints "kind name" for each.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var head meta.TypeMeta
		if err := yaml.Unmarshal(document, &head); err != nil {
			fail(err)
		}
		if head.APIVersion != "monitoring.coreos.com/v1" {
			continue
		}
		var into interface{ GetName() string }
		switch head.Kind {
		case "ServiceMonitor":
			into = &monitoring.ServiceMonitor{}
		case "PrometheusRule":
			into = &monitoring.PrometheusRule{}
		default:
			fail(fmt.Errorf("unknown kind %s", head.Kind))
		}
		if err := yaml.UnmarshalStrict(document, into); err != nil {
			fail(err)
		}
		fmt.Println(head.Kind, into.GetName())
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
