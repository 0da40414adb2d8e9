/** What a configuration file would change, as the service of configuration tells it. */
interface Change {
  kind: 'resource' | 'provider' | 'client'
  action: 'create' | 'update' | 'delete'
  name: string
  id?: string
  title?: string
  fields: { field: string; before?: unknown; after?: unknown }[]
}

export interface Drift {
  /** Milliseconds since the epoch. */
  appliedAt: number
  appliedBy: string
  plan?: { changes: Change[]; unnamed: Readonly<Record<string, number>> }
  /** Why the file that was applied last cannot be compared any more. */
  problem?: string
}

export interface ConfigurationAreaDependencies {
  configuration: {
    /** No drift: no file was ever applied. No YAML: it has more than `longest` characters. */
    overview(longest: number): Promise<{ drift: Drift | undefined; yaml: string | undefined }>
    /** YAML, without secrets. */
    export(): Promise<string>
  }
}

export type DriftChange = Change
