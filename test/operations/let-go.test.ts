import v8 from 'node:v8'
import vm from 'node:vm'
import { expect, test } from 'vitest'
import { startLatchkey } from '../support/latchkey.ts'

v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc') as () => void

/** Starts a server, uses and stops it, and keeps of it only what does not keep it. */
async function startedAndStopped(): Promise<WeakRef<object>[]> {
  const latchkey = await startLatchkey()
  await latchkey.createUser()
  const page = await fetch(`${latchkey.issuer}/sign-in`)
  await page.text()
  await latchkey.stop()
  return [new WeakRef(latchkey.app), new WeakRef(latchkey.services), new WeakRef(latchkey.services.db)]
}

test('nothing keeps a server that was stopped: no timer, signal or listener', async () => {
  const kept = [...(await startedAndStopped()), ...(await startedAndStopped())]

  // A turn of the event loop lets go of what a weak reference was asked for, and of the last connection.
  for (let turn = 0; turn < 20 && kept.some((each) => each.deref() !== undefined); turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }

  expect(kept.filter((each) => each.deref() !== undefined)).toHaveLength(0)
})
