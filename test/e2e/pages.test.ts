import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PASSWORD } from '../support/latchkey.ts'
import { scenes } from './scenes.ts'
import { openStage, type Stage } from './stage.ts'
import { heading, signedInAs, startAt } from './steps.ts'

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
const viewports = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
]

interface Finding {
  id: string
  nodes: { html: string }[]
}

interface Contents {
  title: string
  fields: Record<string, string>
  buttons: string[]
  links: string[]
  focus?: string
}

/** Runs in the page: its fields, buttons and links as a person meets them. */
const CONTENTS = `(() => {
  const all = (selector) => [...document.querySelectorAll('main ' + selector)]
  const words = (element) => element.textContent.replace(/\\s+/g, ' ').trim()
  const name = (element) => words(element.labels?.[0] ?? element)
  const active = document.activeElement
  return {
    title: document.title.replace(' · Latchkey', ''),
    fields: Object.fromEntries(
      all('input')
        .filter((input) => input.checkVisibility())
        .map((input) => [name(input), input.autocomplete]),
    ),
    buttons: all('button[type=submit]').map(words),
    links: all('a').map(words),
    focus: active === document.body ? undefined : name(active),
  }
})()`

/** Runs in the page: what has the focus, and the ring around it. */
const FOCUS = `(() => {
  const active = document.activeElement
  const { outlineStyle, outlineWidth } = getComputedStyle(active)
  return [active.textContent.trim(), outlineStyle + ' ' + outlineWidth]
})()`

/** @param pattern words, where * stands for any */
const matching = (pattern: string) =>
  pattern.includes('*') ? expect.stringMatching(new RegExp(`^${pattern.replaceAll('*', '.*')}$`)) : pattern

let stage: Stage
beforeAll(async () => {
  stage = await openStage({ env: { RATE_LIMIT: 'on' } })
})
afterAll(() => stage?.close())

describe('every page', () => {
  test.each(scenes.map((scene) => [scene.name, scene] as const))('%s', async (_name, scene) => {
    const page = await stage.tab({ viewport: { width: 390, height: 844 } })
    await scene.open(page, stage)
    // Autofocus comes with the first rendering, after the page has loaded.
    await expect
      .poll(() => page.evaluate<Contents>(CONTENTS))
      .toEqual({
        title: scene.title,
        fields: scene.fields ?? {},
        buttons: (scene.buttons ?? []).map(matching),
        links: (scene.links ?? []).map(matching),
        focus: scene.focus,
      })

    // By the debugger, which the page's Content-Security-Policy does not bind.
    await page.evaluate(axe)
    for (const viewport of viewports) {
      await page.setViewportSize(viewport)
      expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBe(0)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        const findings = await page.evaluate<Finding[]>('axe.run().then((result) => result.violations)')
        const said = findings.map(({ id, nodes }) => [id, ...nodes.map((node) => node.html)])
        expect(said, `${colorScheme}, ${viewport.width} px`).toEqual([])
      }
    }
    expect(page.complaints).toEqual([])
    await page.context().close()
  })
})

test('the whole way into an app by the keyboard alone, with the focus always to be seen', async () => {
  const person = await stage.latchkey.createUser()
  const page = await stage.tab()
  /** Presses Tab until what has these words is reached. */
  const tabTo = async (words: string) => {
    for (let presses = 0; presses < 15; presses++) {
      await page.keyboard.press('Tab')
      const [name, outline] = await page.evaluate<[string, string]>(FOCUS)
      expect(outline).toBe('solid 3px')
      if (name === words) return
    }
    throw new Error(`Tab does not reach “${words}”`)
  }
  await startAt(page, stage.app)
  await page.keyboard.type(person.username)
  await page.keyboard.press('Tab')
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await heading(page, 'Allow access?')
  await tabTo('Allow')
  await page.keyboard.press('Enter')
  await signedInAs(page, person.username)
  expect(page.complaints).toEqual([])
})
