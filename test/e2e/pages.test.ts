import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectAccessible } from '../support/axe.ts'
import { type E2eFixture, openE2eFixture } from './e2e-fixture.ts'
import { openFederatedFixture } from './federated-fixture.ts'
import { federationScenes } from './scenes/federation.ts'
import { type Scene, scenes } from './scenes/scenes.ts'
import { secondFactorScenes } from './scenes/second-factors.ts'
import { openSmsFixture, smsScenes } from './scenes/sms.ts'

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
    buttons: all(':is(button[type=submit], summary)')
      .filter((button) => button.checkVisibility())
      .map(words),
    links: all('a').map(words),
    focus: active === document.body ? undefined : name(active),
  }
})()`

/** @param pattern words, where * stands for any */
const matching = (pattern: string) =>
  pattern.includes('*') ? expect.stringMatching(new RegExp(`^${pattern.replaceAll('*', '.*')}$`)) : pattern

function everyPage<On extends E2eFixture>(scenes: Scene<On>[], open: () => Promise<On>) {
  let e2e: On
  beforeAll(async () => {
    e2e = await open()
  })
  afterAll(() => e2e?.close())

  test.each(scenes.map((scene) => [scene.name, scene] as const))('%s', async (_name, scene) => {
    const page = await e2e.sharedTab()
    await scene.open(page, e2e)
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

    await expectAccessible(page)
    expect(page.complaints).toEqual([])
  })
}

describe('every page', () => everyPage(scenes, () => openE2eFixture({ env: { RATE_LIMIT: 'on' } })))
describe('every page of second factors', () => everyPage(secondFactorScenes, () => openE2eFixture()))
describe('every page of codes by SMS', () => everyPage(smsScenes, () => openSmsFixture()))
describe('every page of signing in elsewhere', () => everyPage(federationScenes, openFederatedFixture))
