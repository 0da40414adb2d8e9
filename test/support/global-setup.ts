import type { TestProject } from 'vitest/node'
import { removeLeftovers } from './folder.ts'
import { startPostgres } from './postgres.ts'
import { makeTemplate, type Template } from './template.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A superuser's address of the PostgreSQL of this run: `freshDatabase(inject('postgresUrl'))`. */
    postgresUrl: string
    /** What `startLatchkey` copies instead of migrating and making keys each time. */
    template: Template
  }
}

/** One PostgreSQL for the whole run; every test file makes databases of its own in it. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  removeLeftovers()
  const server = await startPostgres()
  project.provide('postgresUrl', server.url)
  const { remove, ...template } = await makeTemplate(server.url).catch(async (error: unknown) => {
    await server.stop()
    throw error
  })
  project.provide('template', template)
  return async () => {
    remove()
    await server.stop()
  }
}
