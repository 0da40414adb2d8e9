import type { FastifyInstance } from 'fastify'
import type { Job } from '../housekeeping.ts'
import type { Services } from '../services.ts'

/** Routes that no setting says anything about: probes of health, files, metrics. */
const WITHOUT = /^\/(assets|health)\/|^\/metrics$/

/** Before a request is worked on, the settings are what they were a second ago at most, in every process. */
export function freshSettings(app: FastifyInstance, { settings }: Pick<Services, 'settings'>): void {
  app.addHook('onRequest', async ({ routeOptions: { url } }) => {
    if (url !== undefined && !WITHOUT.test(url)) await settings.refresh()
  })
}

/** The same for each run of a job. */
export const withFreshSettings = (jobs: readonly Job[], { settings }: Pick<Services, 'settings'>): Job[] =>
  jobs.map((job) => ({
    ...job,
    async run() {
      await settings.refresh()
      return job.run()
    },
  }))
