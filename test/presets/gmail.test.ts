import { expect } from '@jest/globals';
import { itRenders } from './rendered.ts';

const says = 'A new mail has arrived in my inbox.';

itRenders('gmail', 'Gmail', {
  batch: [
    {
      mapping: undefined,
      sessionKey: 'hook:gmail:18c2f0a1b3d4e5f6',
      says,
      fields:
        'From: Grace Hopper <grace@example.org>\nSubject: Contract for the compiler work\n' +
        'Snippet: Hi Ada, the contract is attached. Could you sign it by Thursday?\n\n' +
        'Hi Ada,\n\nthe contract is attached. Could you sign it by Thursday?\n\nGrace',
    },
    {
      mapping: undefined,
      sessionKey: 'hook:gmail:18c2f0b7c8d9e0a1',
      says,
      fields:
        'From: Trains <noreply@trains.example>\nSubject: Your train at 17:42 is late\n' +
        'Snippet: Expected departure 18:05 from platform 7 <b>(changed)</b>\n\n' +
        'Expected departure 18:05 from platform 7 <b>(changed)</b>.',
    },
    {
      mapping: undefined,
      sessionKey: expect.stringMatching(/^hook:gmail:[0-9a-f-]{36}$/),
      says,
      fields:
        'From: Charles <charles@example.net>\nSubject: Lunch?\nSnippet: Are you free on Friday?\n\n' +
        'Are you free on Friday?',
    },
  ],
});
