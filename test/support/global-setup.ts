import type { TestProject } from 'vitest/node'
import { startPostgres } from './postgres.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A superuser's address of the PostgreSQL of this run: `freshDatabase(inject('postgresUrl'))`. */
    postgresUrl: string
  }
}

/** One PostgreSQL for the whole run; every test file makes databases of its own in it. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const server = await startPostgres()
  project.provide('postgresUrl', server.url)
  return () => server.stop()
}
