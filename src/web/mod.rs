//! What `longroad run` serves over HTTP: pages for people and the JSON of the same for programs, signs of life and numbers
//! for who watches over it, and the way in for who sends.
//!
//! `view` holds what all pages have in common; a file for each page says what it gathers and what its template may name.

mod account;
mod account_parts;
mod account_people;
mod account_say;
mod account_work;
mod accounts;
mod accounts_order;
mod address;
mod brake;
mod chart;
mod choices;
mod course;
mod exposition;
mod first_value;
mod guard;
mod health;
mod load;
mod mails;
mod memo;
mod metrics;
mod openapi;
mod pager;
mod pages;
mod pipeline;
mod pipelines;
mod playbooks;
pub mod push;
mod record;
mod renewals;
mod reports;
mod request;
mod requests;
mod requests_beside;
mod revenue;
mod routes;
mod serve;
mod sign_in;
mod solutions;
mod state;
mod status;
mod table;
mod task;
mod tasks;
mod today;
mod unsubscribe;
mod view;
mod visitor;

pub use serve::{Limits, serve};
pub use state::{AppState, sign_in_address};
