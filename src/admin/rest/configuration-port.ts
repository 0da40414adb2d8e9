/** One thing that applying a file would do (src/configuration). */
export interface Change {
  kind: 'resource' | 'provider' | 'client'
  action: 'create' | 'update' | 'delete'
  name: string
  id?: string
  title?: string
  fields: { field: string; before?: unknown; after?: unknown }[]
}

export interface Plan {
  changes: Change[]
  unnamed: Readonly<Record<'resources' | 'providers' | 'clients', number>>
  warnings: string[]
}

interface SecretSource {
  env?: string
  file?: string
}
type ReadSecret = (source: SecretSource) => string | undefined

interface PlanOptions {
  missing?: (source: SecretSource) => string
}

/** src/configuration/configuration.ts. A file that cannot be applied is refused with `problems`, by line. */
export interface ConfigurationService {
  export(): Promise<string>
  plan(source: string, readSecret: ReadSecret, options: PlanOptions): Promise<Plan>
  apply(
    source: string,
    readSecret: ReadSecret,
    options: PlanOptions & {
      /** What it throws is thrown, and nothing is changed. */
      check(plan: Plan, before: (change: Change) => Readonly<Record<string, unknown>> | undefined): void
    },
  ): Promise<{
    done: Change[]
    warnings: string[]
    secrets: { name: string; client_id: string; client_secret: string }[]
    failed?: { change: Change; error: unknown }
  }>
  /** Undefined: no file was ever applied. */
  drift(): Promise<{ appliedAt: number; appliedBy: string; plan?: Plan; problem?: string } | undefined>
}
