import { AsyncLocalStorage } from 'node:async_hooks'
import type { FastifyInstance } from 'fastify'
import type { SupportBanner, SupportCookie } from '../cookies/support-cookie.ts'

const storage = new AsyncLocalStorage<() => SupportBanner | undefined>()

/** For the layout of every page, that of an error and of the protocol library included. Undefined: nobody is signed in as another person. */
export const supportBanner = (): SupportBanner | undefined => storage.getStore()?.()

/** Lets the layout know, in requests of a browser that has the cookie alone. */
export function registerSupportBanner(app: FastifyInstance, support: SupportCookie): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (support.read(request) === undefined) return done()
    const goOn = () => storage.run(() => support.bannerOf(request), done)
    support.look(request, reply).then(goOn, (err) => {
      // What answers needs the same rows, and says that they cannot be read.
      request.log.warn({ err }, 'whether an impersonation goes on is not known')
      goOn()
    })
  })
  // A body is read on events of the socket, which know nothing of the request.
  app.addHook('preValidation', (request, _reply, done) => {
    if (support.read(request) === undefined) return done()
    storage.run(() => support.bannerOf(request), done)
  })
}
