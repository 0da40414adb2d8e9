import type { FastifyInstance } from 'fastify'
import type { Settings } from './settings.ts'

/** Routes that no setting says anything about: probes of health, files, metrics. */
const WITHOUT = /^\/(assets|health|theme)\/|^\/metrics$/

/** Before a request is worked on, the settings are what they were a second ago at most, in every process. */
export function freshSettings(app: FastifyInstance, settings: Pick<Settings, 'refresh'>): void {
  app.addHook('onRequest', ({ routeOptions: { url } }, _reply, done) => {
    const look = url === undefined || WITHOUT.test(url) ? undefined : settings.refresh()
    if (look === undefined) done()
    else look.then(() => done(), done)
  })
}

/** The same for each run of a job. */
export const withFreshSettings = <Job extends { run(): Promise<number> }>(
  jobs: readonly Job[],
  settings: Pick<Settings, 'refresh'>,
): Job[] =>
  jobs.map((job) => ({
    ...job,
    async run() {
      await settings.refresh()
      return job.run()
    },
  }))
