// A model that answers at once, in a process of its own.
import { createModelServer } from './model-server.ts';

createModelServer().listen(Number(process.argv[2]), '127.0.0.1');
