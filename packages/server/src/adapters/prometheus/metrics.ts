import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Metrics } from '../../ports/metrics.ts'

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS'])

/** Metrics in the format of Prometheus. Each service has its own registry, so that two in one process do not meet. */
export function createPrometheusMetrics(): Metrics {
  const registry = new Registry()
  const requests = new Histogram({
    name: 'countersign_http_request_seconds',
    help: 'Time that requests took, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  })
  const refusals = new Counter({
    name: 'countersign_refusals_total',
    help: 'Refused requests, by error code.',
    labelNames: ['code'],
    registers: [registry],
  })
  return {
    request(method, route, status, seconds) {
      // A method is the sender's text; a label must come from a closed list.
      requests.observe({ method: METHODS.has(method) ? method : 'other', route, status: String(status) }, seconds)
    },
    refusal: (code) => refusals.inc({ code }),
    watch(name, help, read) {
      const gauge: Gauge = new Gauge({ name, help, registers: [registry], collect: () => gauge.set(read()) })
    },
    text: () => registry.metrics(),
  }
}
